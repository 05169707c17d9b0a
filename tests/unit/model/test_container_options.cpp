// The grammars of docker's options: what is read, and what is refused with which words.
#include "berth/model/container_options.hpp"

#include <string>

#include "support/catch.hpp"

using namespace berth;

namespace {

// "80/tcp<-127.0.0.1:8080 81/tcp<-127.0.0.1:8081"
std::string ports(const std::string& text) {
  INFO(text);
  const Result<std::vector<PortMapping>> parsed = parse_ports(text);
  if (!parsed) {
    REQUIRE(parsed.error().code == Errc::usage);
    return parsed.error().message;
  }
  std::string shown;
  for (const PortMapping& port : *parsed) {
    shown += (shown.empty() ? "" : " ") + std::to_string(port.container_port) + "/" +
             port.protocol + "<-" + port.host_ip + ":" + port.host_port;
  }
  return shown;
}

template <class T>
std::string message_of(const Result<T>& result) {
  REQUIRE_FALSE(result);
  REQUIRE(result.error().code == Errc::usage);
  return result.error().message;
}

}  // namespace

TEST_CASE("published ports: single ones, ranges, addresses, the long form") {
  CHECK(ports("80") == "80/tcp<-:");
  CHECK(ports("8080:80") == "80/tcp<-:8080");
  CHECK(ports("8080:80/UDP") == "80/udp<-:8080");
  CHECK(ports("127.0.0.1:8080:80") == "80/tcp<-127.0.0.1:8080");
  CHECK(ports("127.0.0.1::80") == "80/tcp<-127.0.0.1:");
  CHECK(ports("[::1]:8080:80") == "80/tcp<-::1:8080");
  CHECK(ports("::1:8080:80") == "80/tcp<-::1:8080");
  CHECK(ports("8080-8081:80-81/sctp") == "80/sctp<-:8080 81/sctp<-:8081");
  CHECK(ports("60-61") == "60/tcp<-: 61/tcp<-:");
  CHECK(ports("7000-7005:70") == "70/tcp<-:7000-7005");
  CHECK(ports("published=8080,target=80,protocol=udp,mode=host") == "80/udp<-:8080");
}

TEST_CASE("ports that are none") {
  for (const char* text :
       {"", "x", "0", "80:0", "80:x", "80:", "65536", "81-80", "80/http", "localhost:80:80",
        "1-2:3-5", "999.1.1.1:80:80", "published=80", "target=80,host=1", "-1", "80-", "1:2:3:4"}) {
    INFO(text);
    CHECK_FALSE(parse_ports(text));
  }
  CHECK(ports("1-2:3-5") == "`1-2:3-5` has two ranges of different lengths");
  CHECK(ports("80/http") == "`80/http` has the protocol `http`, expected tcp, udp or sctp");
  CHECK(ports("localhost:80:80") ==
        "`localhost:80:80` has `localhost` where an IP address belongs");
}

TEST_CASE("devices: paths and permissions, CDI names") {
  CHECK(is_cdi_device("nvidia.com/gpu=0"));
  CHECK(is_cdi_device("vendor.com/class=name"));
  CHECK_FALSE(is_cdi_device("/dev/x=1"));
  CHECK_FALSE(is_cdi_device("nvidia.com/gpu"));
  const Result<DeviceMapping> same = parse_device("/dev/fuse");
  REQUIRE(same);
  CHECK(same->container == "/dev/fuse");
  CHECK(same->permissions == "rwm");
  const Result<DeviceMapping> all = parse_device("/dev/a:/dev/b:r");
  REQUIRE(all);
  CHECK(all->host == "/dev/a");
  CHECK(all->container == "/dev/b");
  CHECK(all->permissions == "r");
  CHECK(parse_device("/dev/a:rw")->permissions == "rw");
  for (const char* text : {"", "fuse", "/dev/a:", "/dev/a:/dev/b:x", "/dev/a:/b:/c:r"}) {
    INFO(text);
    CHECK_FALSE(parse_device(text));
  }
}

TEST_CASE("limits of processes") {
  const Result<Ulimit> both = parse_ulimit("nofile=100:-1");
  REQUIRE(both);
  CHECK(both->soft == 100);
  CHECK(both->hard == -1);
  CHECK(parse_ulimit("memlock=-1")->hard == -1);
  CHECK(message_of(parse_ulimit("nofiles=1")) ==
        "`nofiles=1` sets no limit that there is: `nofiles`");
  CHECK(message_of(parse_ulimit("nofile=2:1")) ==
        "`nofile=2:1` has a soft limit above the hard one");
  CHECK_FALSE(parse_ulimit("nofile=-1:5"));
  CHECK_FALSE(parse_ulimit("nofile"));
  CHECK_FALSE(parse_ulimit("nofile="));
  CHECK_FALSE(parse_ulimit("nofile=1g"));
}

TEST_CASE("processors, swap, swappiness") {
  CHECK(parse_cpus("1.5") == 1'500'000'000u);
  CHECK(parse_cpus(".25") == 250'000'000u);
  CHECK(parse_cpus("8") == 8'000'000'000u);
  CHECK(parse_cpus("0") == 0u);
  for (const char* text : {"", ".", "-1", "1e3", "two", "1.0000000001", "9999999999"}) {
    INFO(text);
    CHECK_FALSE(parse_cpus(text));
  }
  for (const char* text : {"0", "0-3,8", "1,1"}) {
    CHECK(check_cpu_set(text));
  }
  for (const char* text : {"", "a", "3-1", "0,", "-1", "0-99999"}) {
    INFO(text);
    CHECK_FALSE(check_cpu_set(text));
  }
  CHECK(parse_memory_swap("-1") == -1);
  CHECK(parse_memory_swap("1g") == std::int64_t{1} << 30);
  CHECK_FALSE(parse_memory_swap("0"));
  CHECK(parse_swappiness("100") == 100u);
  CHECK_FALSE(parse_swappiness("101"));
  CHECK_FALSE(parse_swappiness("-1"));
}

TEST_CASE("names of machines, addresses, platforms") {
  CHECK(check_hostname("node-1.lab"));
  CHECK_FALSE(check_hostname("-x"));
  CHECK_FALSE(check_hostname("a b"));
  CHECK_FALSE(check_hostname(std::string(65, 'x')));
  CHECK(parse_extra_host("db:10.0.0.5") == "db:10.0.0.5");
  CHECK(parse_extra_host("db=10.0.0.5") == "db:10.0.0.5");
  CHECK(parse_extra_host("v6:[::1]") == "v6:::1");
  CHECK(parse_extra_host("gw:host-gateway") == "gw:host-gateway");
  CHECK(message_of(parse_extra_host("db:ten")) ==
        "`db:ten` has `ten` where an IP address or `host-gateway` belongs");
  CHECK_FALSE(parse_extra_host(":1.2.3.4"));
  CHECK_FALSE(parse_extra_host("db"));
  CHECK_FALSE(check_address(std::string_view("1.2.3.4\0x", 9)));
  CHECK(parse_platform("Linux/ARM64/v8") == "linux/arm64/v8");
  for (const char* text : {"", "linux", "linux/", "a/b/c/d", "linux/arm 64"}) {
    INFO(text);
    CHECK_FALSE(parse_platform(text));
  }
  CHECK(architecture_of("linux/arm64/v8") == "arm64");
  CHECK(architecture_of("").empty());
}

TEST_CASE("capabilities, signals, detach keys") {
  CHECK(parse_capability("sys_ptrace") == "CAP_SYS_PTRACE");
  CHECK(parse_capability("CAP_SYS_PTRACE") == "CAP_SYS_PTRACE");
  CHECK(parse_capability("all") == "ALL");
  CHECK_FALSE(parse_capability("sys ptrace"));
  CHECK(parse_signal("int") == "SIGINT");
  CHECK(parse_signal("SIGTERM") == "SIGTERM");
  CHECK(parse_signal("15") == "SIGTERM");
  CHECK(parse_signal("RTMIN+3") == "SIGRTMIN+3");
  for (const char* text : {"", "0", "99", "SIGNOPE", "RTMIN+", "RTMAX+1", "RTMIN+99"}) {
    INFO(text);
    CHECK_FALSE(parse_signal(text));
  }
  CHECK(check_detach_keys("ctrl-p,ctrl-q"));
  CHECK(check_detach_keys("a,ctrl-@,DEL"));
  for (const char* text : {"", "ctrl-", "ctrl-1", "ab", "ctrl-a,"}) {
    INFO(text);
    CHECK_FALSE(check_detach_keys(text));
  }
}
