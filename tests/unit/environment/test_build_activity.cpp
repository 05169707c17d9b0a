#include "berth/environment/build_activity.hpp"

#include "berth/environment/build_log.hpp"
#include "support/catch.hpp"

using berth::environment::BuildActivity;
using berth::environment::BuildLog;

namespace {

struct Point {
  std::string text;
  std::uint64_t done = 0;
  std::uint64_t total = 0;

  bool operator==(const Point&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Point& point) {
  return out << '"' << point.text << "\" " << point.done << " of " << point.total;
}

// What is shown along a log, each change once.
std::vector<Point> shown(std::string_view log) {
  std::vector<Point> points;
  BuildActivity activity;
  const auto note = [&] {
    const Point point{activity.text(), activity.done(), activity.total()};
    if (points.empty() || points.back() != point) {
      points.push_back(point);
    }
  };
  BuildLog lines({.on_line =
                      [&](std::string_view line) {
                        activity.take(line);
                        note();
                      },
                  .on_count =
                      [&](std::uint64_t done, std::uint64_t total) {
                        activity.count(done, total);
                        note();
                      }});
  lines.feed(log);
  lines.finish();
  return points;
}

}  // namespace

// pip 26.3 with PIP_PROGRESS_BAR=raw: pandas, and markupsafe from its source.
TEST_CASE("activity: of pip, with the bytes that it counts") {
  const std::vector<Point> points = shown(R"(Looking in links: /opt/wheels
Collecting pandas
  Downloading pandas-3.1.1-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl (12.4 MB)
Progress 0 of 12356904
Progress 262144 of 12356904
Progress 12356904 of 12356904
Collecting markupsafe==2.1.5
  Downloading MarkupSafe-2.1.5.tar.gz (19 kB)
  Installing build dependencies: started
  Installing build dependencies: finished with status 'done'
  Getting requirements to build wheel: started
  Preparing metadata (pyproject.toml): finished with status 'done'
Collecting numpy>=2.0.2 (from pandas)
  Using cached numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl (16.9 MB)
Building wheels for collected packages: markupsafe
  Building wheel for markupsafe (pyproject.toml): started
  Building wheel for markupsafe (pyproject.toml): finished with status 'done'
  Created wheel for markupsafe: filename=markupsafe-2.1.5-cp311-cp311-linux_x86_64.whl size=27569
Successfully built markupsafe
Installing collected packages: tzdata, numpy, markupsafe, python-dateutil, pandas
Successfully installed markupsafe-2.1.5 numpy-2.4.6 pandas-3.1.1 python-dateutil-4.0.0 tzdata-2026.6
)");
  REQUIRE(points == std::vector<Point>{{"", 0, 0},
                                       {"looking for pandas", 0, 0},
                                       {"downloading pandas 3.1.1", 0, 12400000},
                                       {"downloading pandas 3.1.1", 0, 12356904},
                                       {"downloading pandas 3.1.1", 262144, 12356904},
                                       {"downloading pandas 3.1.1", 12356904, 12356904},
                                       {"looking for markupsafe==2.1.5", 0, 0},
                                       {"downloading MarkupSafe 2.1.5", 0, 19000},
                                       {"installing what it is built with", 0, 0},
                                       {"looking for numpy>=2.0.2", 0, 0},
                                       {"taking numpy 2.4.6 from the cache", 0, 0},
                                       {"building markupsafe", 0, 0},
                                       {"", 0, 0},
                                       {"installing 5 packages", 0, 0}});
}

// uv 0.13.9 with UV_NO_PROGRESS=1.
TEST_CASE("activity: of uv, which downloads many at once") {
  const std::vector<Point> points = shown(R"(Using Python 3.11.7 environment at: t3
Resolved 6 packages in 942ms
Downloading pandas (11.8MiB)
Downloading scipy (33.7MiB)
Downloading numpy (16.1MiB)
   Building docopt==0.6.2
 Downloaded numpy
 Downloaded pandas
      Built docopt==0.6.2
 Downloaded scipy
Prepared 6 packages in 1.97s
Installed 6 packages in 49ms
 + docopt==0.6.2
)");
  constexpr std::uint64_t kPandas = 12373196;  // 11.8 MiB
  constexpr std::uint64_t kScipy = 35337011;
  constexpr std::uint64_t kNumpy = 16882073;
  constexpr std::uint64_t kAll = kPandas + kScipy + kNumpy;
  REQUIRE(points == std::vector<Point>{{"", 0, 0},
                                       {"downloading pandas", 0, kPandas},
                                       {"downloading pandas, scipy", 0, kPandas + kScipy},
                                       {"downloading numpy, pandas, scipy", 0, kAll},
                                       {"building docopt==0.6.2", 0, 0},
                                       {"downloading pandas, scipy", kNumpy, kAll},
                                       {"downloading scipy", kNumpy + kPandas, kAll},
                                       {"", 0, 0},
                                       {"installing 6 packages", 0, 0}});
}

// apt 2.6.1 with -q, not a terminal.
TEST_CASE("activity: of apt, lists and packages") {
  const std::vector<Point> points =
      shown(R"(Get:1 http://deb.debian.org/debian bookworm InRelease [151 kB]
Get:2 http://deb.debian.org/debian bookworm/main amd64 Packages [8790 kB]
Fetched 15.0 MB in 6s (2500 kB/s)
Reading package lists...
Need to get 10.6 MB of archives.
After this operation, 51.5 MB of additional disk space will be used.
Get:11 http://deb.debian.org/debian bookworm/main amd64 git-man all 1:2.39.5-0+deb12u3 [2053 kB]
Get:12 http://deb.debian.org/debian bookworm/main amd64 git amd64 1:2.39.5-0+deb12u3 [7264 kB]
Fetched 10.6 MB in 0s (41.1 MB/s)
(Reading database ... 9474 files and directories currently installed.)
Preparing to unpack .../00-libbrotli1_1.0.9-2+b6_amd64.deb ...
Unpacking libbrotli1:amd64 (1.0.9-2+b6) ...
Setting up git (1:2.39.5-0+deb12u3) ...
)");
  REQUIRE(points == std::vector<Point>{{"fetching bookworm", 0, 0},
                                       {"fetching bookworm/main", 151000, 0},
                                       {"fetching git-man", 0, 10600000},
                                       {"fetching git", 2053000, 10600000},
                                       {"unpacking libbrotli1", 0, 0},
                                       {"setting up git", 0, 0}});
}

TEST_CASE("activity: sizes of every spelling, and none of what is no size") {
  const auto size = [](const std::string& text) {
    return shown("  Downloading a-1-py3-none-any.whl (" + text + ")\n").back().total;
  };
  REQUIRE(size("7,264 kB") == 7264000);
  REQUIRE(size("10 bytes") == 0);
  REQUIRE(size("512 B") == 512);
  REQUIRE(size("2.3 GB") == 2300000000);
  REQUIRE(size("1KiB") == 1024);
  for (const char* text : {"", "-1 MB", "1e9 MB", "MB", "1.2.3 MB", "nan MB", "12", "9 XB"}) {
    CAPTURE(text);
    REQUIRE(size(text) == 0);
  }
  REQUIRE(size("999999999999 TB") == 0);
}

TEST_CASE("activity: bytes that nobody expects are no news") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    all += static_cast<char>(byte);
  }
  const std::string starts[] = {
      "Collecting ", "Downloading ", "Building ", "Get:",       "Progress ",
      "Downloaded ", "Need to get ", "Cloning ",  "Unpacking ", "Using cached "};
  for (const std::string& start : starts) {
    for (const std::string& rest :
         {std::string(), all, std::string(1 << 20, '['), std::string(200000, ' '),
          std::string("\x1b[31m(\x1b[0m"), std::string("(")}) {
      for (const Point& point : shown(start + rest + "\n" + start + rest)) {
        REQUIRE(point.text.size() < 2100);
        REQUIRE((point.total == 0 || point.done <= point.total));
      }
    }
  }
}
