// NVIDIA_REQUIRE_CUDA as six of NVIDIA's Dockerfiles set it, word for word. Source:
// nvidia/container-images/cuda, dist/**/base/Dockerfile.
#pragma once

#include <string_view>

namespace berth::test {

inline constexpr std::string_view kRequire9_2 = "cuda>=9.2";
inline constexpr std::string_view kRequire10_0 = "cuda>=10.0 brand=tesla,driver>=384,driver<385";
inline constexpr std::string_view kRequire11_0_3 =
    "cuda>=11.0 brand=tesla,driver>=418,driver<419 brand=tesla,driver>=440,driver<441 "
    "driver>=450";
inline constexpr std::string_view kRequire11_4_3 = "cuda>=11.4";
inline constexpr std::string_view kRequire12_4_1 =
    "cuda>=12.4 brand=tesla,driver>=470,driver<471 brand=unknown,driver>=470,driver<471 "
    "brand=nvidia,driver>=470,driver<471 brand=nvidiartx,driver>=470,driver<471 "
    "brand=geforce,driver>=470,driver<471 brand=geforcertx,driver>=470,driver<471 "
    "brand=quadro,driver>=470,driver<471 brand=quadrortx,driver>=470,driver<471 "
    "brand=titan,driver>=470,driver<471 brand=titanrtx,driver>=470,driver<471 "
    "brand=tesla,driver>=525,driver<526 brand=unknown,driver>=525,driver<526 "
    "brand=nvidia,driver>=525,driver<526 brand=nvidiartx,driver>=525,driver<526 "
    "brand=geforce,driver>=525,driver<526 brand=geforcertx,driver>=525,driver<526 "
    "brand=quadro,driver>=525,driver<526 brand=quadrortx,driver>=525,driver<526 "
    "brand=titan,driver>=525,driver<526 brand=titanrtx,driver>=525,driver<526 "
    "brand=tesla,driver>=535,driver<536 brand=unknown,driver>=535,driver<536 "
    "brand=nvidia,driver>=535,driver<536 brand=nvidiartx,driver>=535,driver<536 "
    "brand=geforce,driver>=535,driver<536 brand=geforcertx,driver>=535,driver<536 "
    "brand=quadro,driver>=535,driver<536 brand=quadrortx,driver>=535,driver<536 "
    "brand=titan,driver>=535,driver<536 brand=titanrtx,driver>=535,driver<536";
inline constexpr std::string_view kRequire12_9_1 =
    "cuda>=12.9 brand=unknown,driver>=535,driver<536 brand=grid,driver>=535,driver<536 "
    "brand=tesla,driver>=535,driver<536 brand=nvidia,driver>=535,driver<536 "
    "brand=quadro,driver>=535,driver<536 brand=quadrortx,driver>=535,driver<536 "
    "brand=nvidiartx,driver>=535,driver<536 brand=vapps,driver>=535,driver<536 "
    "brand=vpc,driver>=535,driver<536 brand=vcs,driver>=535,driver<536 "
    "brand=vws,driver>=535,driver<536 brand=cloudgaming,driver>=535,driver<536 "
    "brand=unknown,driver>=550,driver<551 brand=grid,driver>=550,driver<551 "
    "brand=tesla,driver>=550,driver<551 brand=nvidia,driver>=550,driver<551 "
    "brand=quadro,driver>=550,driver<551 brand=quadrortx,driver>=550,driver<551 "
    "brand=nvidiartx,driver>=550,driver<551 brand=vapps,driver>=550,driver<551 "
    "brand=vpc,driver>=550,driver<551 brand=vcs,driver>=550,driver<551 "
    "brand=vws,driver>=550,driver<551 brand=cloudgaming,driver>=550,driver<551 "
    "brand=unknown,driver>=560,driver<561 brand=grid,driver>=560,driver<561 "
    "brand=tesla,driver>=560,driver<561 brand=nvidia,driver>=560,driver<561 "
    "brand=quadro,driver>=560,driver<561 brand=quadrortx,driver>=560,driver<561 "
    "brand=nvidiartx,driver>=560,driver<561 brand=vapps,driver>=560,driver<561 "
    "brand=vpc,driver>=560,driver<561 brand=vcs,driver>=560,driver<561 "
    "brand=vws,driver>=560,driver<561 brand=cloudgaming,driver>=560,driver<561 "
    "brand=unknown,driver>=565,driver<566 brand=grid,driver>=565,driver<566 "
    "brand=tesla,driver>=565,driver<566 brand=nvidia,driver>=565,driver<566 "
    "brand=quadro,driver>=565,driver<566 brand=quadrortx,driver>=565,driver<566 "
    "brand=nvidiartx,driver>=565,driver<566 brand=vapps,driver>=565,driver<566 "
    "brand=vpc,driver>=565,driver<566 brand=vcs,driver>=565,driver<566 "
    "brand=vws,driver>=565,driver<566 brand=cloudgaming,driver>=565,driver<566 "
    "brand=unknown,driver>=570,driver<571 brand=grid,driver>=570,driver<571 "
    "brand=tesla,driver>=570,driver<571 brand=nvidia,driver>=570,driver<571 "
    "brand=quadro,driver>=570,driver<571 brand=quadrortx,driver>=570,driver<571 "
    "brand=nvidiartx,driver>=570,driver<571 brand=vapps,driver>=570,driver<571 "
    "brand=vpc,driver>=570,driver<571 brand=vcs,driver>=570,driver<571 "
    "brand=vws,driver>=570,driver<571 brand=cloudgaming,driver>=570,driver<571";

}  // namespace berth::test
