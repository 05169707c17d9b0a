#include "berth/model/mount.hpp"

#include <string>

#include "support/catch.hpp"

using berth::Mount;
using Type = berth::Mount::Type;

namespace {

const char* const kBase = "/srv/project";
const char* const kHome = "/home/ada";

Mount volume(const std::string& text) {
  INFO(text);
  const berth::Result<Mount> parsed = berth::parse_volume(text, kBase, kHome);
  REQUIRE(parsed);
  return *parsed;
}

Mount mount(const std::string& text) {
  INFO(text);
  const berth::Result<Mount> parsed = berth::parse_mount(text, kBase, kHome);
  REQUIRE(parsed);
  return *parsed;
}

berth::Error checked(const berth::Result<Mount>& parsed) {
  REQUIRE_FALSE(parsed);
  REQUIRE(parsed.error().code == berth::Errc::usage);
  return parsed.error();
}

berth::Error volume_refusal(const std::string& text) {
  INFO(text);
  return checked(berth::parse_volume(text, kBase, kHome));
}

berth::Error mount_refusal(const std::string& text) {
  INFO(text);
  return checked(berth::parse_mount(text, kBase, kHome));
}

bool says(const berth::Error& error, const std::string& part) {
  UNSCOPED_INFO(error.message);
  return error.message.find(part) != std::string::npos;
}

bool hints(const berth::Error& error, const std::string& part) {
  for (const std::string& hint : error.hints) {
    UNSCOPED_INFO("hint: " << hint);
    if (hint.find(part) != std::string::npos) {
      return true;
    }
  }
  return false;
}

}  // namespace

TEST_CASE("sources with a dot, slash or tilde are folders of this machine") {
  const Mount absolute = volume("/data:/mnt");
  REQUIRE(absolute.type == Type::bind);
  REQUIRE(absolute.source == "/data");
  REQUIRE(absolute.target == "/mnt");
  REQUIRE_FALSE(absolute.read_only);
  REQUIRE(volume(".:/x").source == "/srv/project");
  REQUIRE(volume("./data/:/x").source == "/srv/project/data");
  REQUIRE(volume("../other:/x").source == "/srv/other");
  REQUIRE(volume("~:/x").source == "/home/ada");
  REQUIRE(volume("~/datasets:/x").source == "/home/ada/datasets");
  REQUIRE(volume("~//etc:/x").source == "/home/ada/etc");
  REQUIRE(volume("/a/../../b//c/.:/x/../y/").source == "/b/c");
  REQUIRE(volume("/a/../../b//c/.:/x/../y/").target == "/y");
}

TEST_CASE("other sources are volumes, and a lone target is an anonymous one") {
  REQUIRE(volume("pip-cache:/root/.cache").type == Type::volume);
  REQUIRE(volume("pip-cache:/root/.cache").source == "pip-cache");
  REQUIRE(volume("/scratch").type == Type::volume);
  REQUIRE(volume("/scratch").source.empty());
  REQUIRE(volume("/scratch").target == "/scratch");
}

TEST_CASE("options of -v") {
  REQUIRE(volume("/a:/b:ro").read_only);
  REQUIRE_FALSE(volume("/a:/b:rw").read_only);
  const Mount both = volume("/a:/b:rslave,ro,cached");
  REQUIRE(both.read_only);
  REQUIRE(both.propagation == "rslave");
  REQUIRE(says(volume_refusal("/a:/b:ro,rw"), "both `ro` and `rw`"));
  REQUIRE(says(volume_refusal("/a:/b:shared,slave"), "both `shared` and `slave`"));
  REQUIRE(says(volume_refusal("vol:/b:rslave"), "only a folder of the host"));
  REQUIRE(hints(volume_refusal("/a:/b:rshard"), "`rshared`"));
  REQUIRE(volume("/a:/b:z,ro").selinux == "z");
  REQUIRE(volume("vol:/b:Z").selinux == "Z");
  REQUIRE(says(volume_refusal("/a:/b:z,Z"), "both `z` and `Z`"));
  REQUIRE(volume("vol:/b:nocopy").no_copy);
  REQUIRE(volume("vol:/b:volume-nocopy").no_copy);
  REQUIRE(says(volume_refusal("/a:/b:nocopy"), "only a volume"));
  REQUIRE(says(volume_refusal("/a:/b:ro,"), "empty option"));
}

TEST_CASE("a malformed -v names the part") {
  REQUIRE(says(volume_refusal(""), "mount is empty"));
  REQUIRE(says(volume_refusal(":/b"), "empty source"));
  REQUIRE(says(volume_refusal("/a:"), "empty target"));
  REQUIRE(says(volume_refusal("/a:/b:"), "empty list of options"));
  REQUIRE(says(volume_refusal("/a:/b:ro:x"), "too many colons"));
  REQUIRE(says(volume_refusal("/a:b"), "target `b`, which is not an absolute path"));
  REQUIRE(hints(volume_refusal("/a:b"), "`/b`"));
  REQUIRE(says(volume_refusal("/a:/"), "target `/`"));
  REQUIRE(says(volume_refusal("/a:/x/.."), "target `/`"));
  REQUIRE(hints(volume_refusal("data"), "`-v ./data:/data`"));
  REQUIRE(hints(volume_refusal("data/train:/x"), "`./data/train`"));
  REQUIRE(says(volume_refusal("d:/x"), "no volume's name"));
  REQUIRE(says(volume_refusal("~bob/x:/x"), "only `~` and `~/…`"));
  REQUIRE(says(volume_refusal(std::string("/a\0:/b", 6)), "control character"));
  REQUIRE(says(volume_refusal("/a:/b\n"), "control character"));
  REQUIRE(volume_refusal("/" + std::string(1u << 20, 'x') + ":/b").message.size() < 400);
}

TEST_CASE("without a home, ~ is an error") {
  const berth::Error error = checked(berth::parse_volume("~/x:/x", kBase, ""));
  REQUIRE(says(error, "home folder is not known"));
}

TEST_CASE("the option --mount of each type") {
  const Mount bind = mount("type=bind,source=./a,target=/b,readonly,bind-propagation=rslave");
  REQUIRE(bind.type == Type::bind);
  REQUIRE(bind.source == "/srv/project/a");
  REQUIRE(bind.target == "/b");
  REQUIRE(bind.read_only);
  REQUIRE(bind.propagation == "rslave");
  REQUIRE(mount("type=bind,source=a,target=/b").source == "/srv/project/a");
  REQUIRE(mount("target=/b").type == Type::volume);
  REQUIRE(mount("src=vol,dst=/b").source == "vol");
  const Mount tmpfs = mount("TYPE=tmpfs,Destination=/t,tmpfs-size=1g");
  REQUIRE(tmpfs.type == Type::tmpfs);
  REQUIRE(tmpfs.target == "/t");
  REQUIRE(tmpfs.tmpfs_bytes == std::uint64_t{1} << 30);
}

TEST_CASE("booleans and quotes of --mount") {
  for (const char* yes : {"ro", "readonly", "ro=1", "readonly=true", "ro=TRUE"}) {
    REQUIRE(mount("dst=/b," + std::string(yes)).read_only);
  }
  for (const char* no : {"ro=0", "readonly=false"}) {
    REQUIRE_FALSE(mount("dst=/b," + std::string(no)).read_only);
  }
  REQUIRE(says(mount_refusal("dst=/b,ro=yes"), "true or false"));
  REQUIRE(mount("type=bind,\"source=/a,b\"\"c\",target=/d").source == "/a,b\"c");
  REQUIRE(says(mount_refusal("type=bind,source=\"/a\",target=/b"), "misplaced quote at column 18"));
  REQUIRE(says(mount_refusal("\"type=bind\"x,target=/b"), "misplaced quote at column 12"));
  REQUIRE(says(mount_refusal("\"type=bind,target=/b"), "lacks the closing"));
}

TEST_CASE("a malformed --mount names the part") {
  REQUIRE(says(mount_refusal(""), "mount is empty"));
  REQUIRE(says(mount_refusal("type=bind,source=/a"), "no target"));
  REQUIRE(says(mount_refusal("type=bind,target=/a"), "no source"));
  REQUIRE(hints(mount_refusal("type=bnd,target=/a"), "`bind`"));
  REQUIRE(hints(mount_refusal("tpe=bind,target=/a"), "`type`"));
  REQUIRE(says(mount_refusal("type,target=/a"), "`type` without a value"));
  REQUIRE(says(mount_refusal("target="), "empty `target`"));
  REQUIRE(says(mount_refusal("target=/a, readonly"), "blank around ` readonly`"));
  REQUIRE(says(mount_refusal("target=/a,dst=/b"), "`target` twice"));
  REQUIRE(says(mount_refusal("source=/a,target=/b"), "no volume's name"));
  REQUIRE(hints(mount_refusal("source=/a,target=/b"), "`type=bind`"));
  REQUIRE(says(mount_refusal("target=/a,"), "unknown key ``"));
}

TEST_CASE("an option of another type is refused") {
  REQUIRE(hints(mount_refusal("target=/a,bind-propagation=shared"), "`type=bind`"));
  REQUIRE(hints(mount_refusal("target=/a,tmpfs-size=1g"), "`type=tmpfs`"));
  REQUIRE(says(mount_refusal("type=tmpfs,source=x,target=/a"), "`source`"));
  REQUIRE(says(mount_refusal("type=tmpfs,target=/a,tmpfs-size=x"), "no size"));
  REQUIRE(
      says(mount_refusal("type=bind,source=/a,target=/b,bind-propagation=x"), "propagation `x`"));
}

TEST_CASE("all keys of --mount") {
  const Mount bind = mount(
      "type=bind,src=/a,dst=/b,ro,bind-recursive=readonly,bind-propagation=RPrivate,"
      "bind-create-src,consistency=cached");
  REQUIRE(bind.recursion == Mount::Recursion::readonly);
  REQUIRE(bind.propagation == "rprivate");
  REQUIRE(bind.create_source);
  REQUIRE(mount("type=bind,src=/a,dst=/b,Bind-Recursive=disabled").recursion ==
          Mount::Recursion::disabled);
  REQUIRE_FALSE(mount("type=bind,src=/a,dst=/b,bind-create-src=0").create_source);
  const Mount data = mount(
      "src=vol,dst=/v,volume-nocopy,volume-subpath=a/b,volume-driver=local,"
      "volume-label=a=1,volume-label=b,volume-opt=type=nfs,\"volume-opt=o=addr=1.2.3.4,rw\"");
  REQUIRE(data.no_copy);
  REQUIRE(data.subpath == "a/b");
  REQUIRE(data.volume_driver == "local");
  REQUIRE(data.volume_labels == std::map<std::string, std::string>{{"a", "1"}, {"b", ""}});
  REQUIRE(data.volume_options ==
          std::map<std::string, std::string>{{"type", "nfs"}, {"o", "addr=1.2.3.4,rw"}});
  const Mount image = mount("type=image,src=busybox:1,dst=/i,image-subpath=bin");
  REQUIRE(image.type == Type::image);
  REQUIRE(image.source == "busybox:1");
  REQUIRE(image.subpath == "bin");
  REQUIRE(mount("type=tmpfs,dst=/t,tmpfs-mode=1770").tmpfs_mode == 01770u);
}

TEST_CASE("what docker refuses of --mount, berth refuses") {
  REQUIRE(hints(mount_refusal("type=bind,src=/a,dst=/b,bind-recursive=writable"), "`readonly`"));
  REQUIRE(hints(mount_refusal("type=bind,src=/a,dst=/b,ro,bind-recursive=readonly"),
                "`bind-propagation=rprivate`"));
  REQUIRE(says(mount_refusal("type=bind,src=/a,dst=/b,bind-recursive=no"), "enabled, disabled"));
  REQUIRE(hints(mount_refusal("type=bind,src=/a,dst=/b,bind-nonrecursive"),
                "`bind-recursive=disabled`"));
  REQUIRE(says(mount_refusal("type=bind,src=/a,dst=/b,bind-create-src=maybe"), "true or false"));
  REQUIRE(hints(mount_refusal("type=bind,src=/a,dst=/b,volume-nocopy"), "`type=volume`"));
  REQUIRE(hints(mount_refusal("dst=/b,image-subpath=x"), "`type=image`"));
  REQUIRE(says(mount_refusal("type=image,dst=/b"), "no source"));
  REQUIRE(says(mount_refusal("type=tmpfs,dst=/t,tmpfs-mode=999"), "octal"));
  REQUIRE(says(mount_refusal("type=tmpfs,dst=/t,tmpfs-mode=17777"), "octal"));
  REQUIRE(says(mount_refusal("src=vol,dst=/b,volume-label==x"), "a name and a value"));
  for (const char* subpath : {"../x", "a/../../x", "/x"}) {
    REQUIRE(says(mount_refusal("src=vol,dst=/b,volume-subpath=" + std::string(subpath)),
                 "does not lie below"));
  }
}
