// The logs are those of real builds (pip 23.0 and 26.3, uv 0.13, apt 2.6 on Debian 12), shortened.
#include "berth/environment/build_failure.hpp"

#include <algorithm>

#include "support/catch.hpp"

using namespace berth;
using namespace berth::environment;

namespace {

PipLine line(std::string text, std::string name, int number) {
  return {.text = std::move(text),
          .name = std::move(name),
          .origin = {"requirements.txt:" + std::to_string(number)}};
}

PackageRequest request() {
  PackageRequest packages;
  packages.lines = {line("sniffio", "sniffio", 1),       line("six==1.16.0", "six", 2),
                    line("numpy==1.21.5", "numpy", 3),   line("requests==2.31.0", "requests", 4),
                    line("idna==2.0", "idna", 5),        line("cext", "cext", 6),
                    line("tokenizers", "tokenizers", 7), line("flash-attn", "flash-attn", 8),
                    line("urllib3<2", "urllib3", 9)};
  packages.lines.push_back(line("repo @ git+https://me:pw@git.example/x/y.git@v9", "repo", 10));
  packages.apt = {{"nosuchpkg", {"--apt"}}};
  packages.constraints = {line("urllib3==2.5.0", "urllib3", 1)};
  return packages;
}

Error explained(std::string_view log, int exit_code = 1, const Stage& stage = {}) {
  BuildLog said({});
  said.feed("@berth fact python=3.11.2\n@berth step installing 9 requirements\n");
  said.feed(log);
  said.finish();
  const PackageRequest packages = request();
  Decision decision;
  decision.python = "3.11";
  return explain_failure({said,
                          stage,
                          packages,
                          decision,
                          "img:1",
                          "/state/env.log",
                          exit_code,
                          {{"torch", "1.13.1"}, {"numpy", "1.26.4"}},
                          "/var/lib/docker"});
}

bool has(const std::vector<std::string>& texts, std::string_view part) {
  return std::any_of(texts.begin(), texts.end(), [part](const std::string& text) {
    return text.find(part) != std::string::npos;
  });
}

struct Case {
  std::string_view log;
  std::string_view id;
  std::string_view message;
  std::vector<std::string_view> notes{};
  std::vector<std::string_view> hints{};
};

void check(const std::vector<Case>& cases) {
  for (const Case& expected : cases) {
    INFO(expected.log);
    const Error error = explained(expected.log);
    CHECK(error.id == expected.id);
    CHECK(error.message == expected.message);
    for (const std::string_view note : expected.notes) {
      INFO(Catch::StringMaker<std::vector<std::string>>::convert(error.notes));
      CHECK(has(error.notes, note));
    }
    for (const std::string_view hint : expected.hints) {
      INFO(Catch::StringMaker<std::vector<std::string>>::convert(error.hints));
      CHECK(has(error.hints, hint));
    }
    CHECK(error.notes.back() == "the whole log: /state/env.log");
    CHECK_FALSE(error.hints.empty());
  }
}

}  // namespace

TEST_CASE("build failure: what no index has") {
  check({
      {"ERROR: Could not find a version that satisfies the requirement sniffio (from versions: "
       "none)\n"
       "ERROR: No matching distribution found for sniffio\n",
       "package-not-found",
       "no index has a `sniffio` for Python 3.11.2",
       {"`sniffio` is asked for by requirements.txt:1"},
       {"`pip index versions sniffio`"}},
      {"error: No solution found when resolving dependencies\n"
       "  cause: Because sniffio was not found in the package registry and you require sniffio, we "
       "can conclude that your requirements are unsatisfiable.\n",
       "package-not-found",
       "no index has a `sniffio` for Python 3.11.2",
       {"requirements.txt:1"}},
      {"ERROR: Could not find a version that satisfies the requirement six==99.1 (from versions: "
       "0.9.0, 1.4.1, 1.5.0, 1.5.1, 1.5.2, 1.6.0, 1.6.1, 1.7.0, 1.7.1, 1.7.2, 1.7.3, 1.8.0, 1.9.0, "
       "1.10.0, 1.11.0, 1.12.0, 1.13.0, 1.14.0, 1.15.0, 1.16.0, 1.17.0)\n"
       "ERROR: No matching distribution found for six==99.1\n",
       "package-not-found",
       "no index has a `six==99.1` for Python 3.11.2",
       {"the newest of those that can be: 1.8.0, 1.9.0", "1.17.0", "requirements.txt:2"},
       {"`berth run --pip six …`"}},
      {"error: No solution found when resolving dependencies\n"
       "  cause: Because there is no version of six==99.1 and you require six==99.1, we can "
       "conclude "
       "that your requirements are unsatisfiable.\n",
       "package-not-found", "no index has a `six==99.1` for Python 3.11.2"},
      {"ERROR: Could not find a version that satisfies the requirement left>=2 (from right) (from "
       "versions: 1.0)\nERROR: No matching distribution found for left>=2\n",
       "package-not-found",
       "no index has a `left>=2` for Python 3.11.2",
       {"nobody asks for `left>=2` by name: `right` needs it", "these can be: 1.0"}},
      {"Looking in indexes: http://127.0.0.1:8099/401/simple\n"
       "ERROR: Could not find a version that satisfies the requirement sniffio (from versions: "
       "none)\n"
       "ERROR: No matching distribution found for sniffio\n",
       "package-not-found",
       "no index has a `sniffio` for Python 3.11.2",
       {"asked: http://127.0.0.1:8099/401/simple", "pip does not say"},
       {"~/.netrc"}},
  });
}

TEST_CASE("build failure: another Python is named only where it is the reason") {
  const std::string ignored =
      "ERROR: Ignored the following versions that require a different python version: 1.21.4 "
      "Requires-Python >=3.7,<3.11; 1.21.5 Requires-Python >=3.7,<3.11; 2.5.0 Requires-Python "
      ">=3.12; 2.5.0rc1 Requires-Python >=3.12\n";
  const auto missing = [&](const std::string& wanted) {
    return ignored + "ERROR: Could not find a version that satisfies the requirement " + wanted +
           " (from versions: 1.3.0, 2.4.6)\nERROR: No matching distribution found for " + wanted +
           "\n";
  };
  check(
      {{missing("numpy==1.21.5"),
        "package-not-for-python",
        "`numpy==1.21.5` is not for Python 3.11.2",
        {"requirements.txt:3", "it requires Python >=3.7,<3.11"},
        {"`berth run --python 3.10 …`"}},
       {missing("numpy>=2.5"),
        "package-not-for-python",
        "`numpy>=2.5` is not for Python 3.11.2",
        {"it requires Python >=3.12"},
        {"`berth run --python 3.12 …`"}},
       {missing("numpy==99"), "package-not-found", "no index has a `numpy==99` for Python 3.11.2"},
       {"ERROR: Package 'cext' requires a different Python: 3.11.2 not in '<3.9'\n",
        "package-not-for-python",
        "`cext` is not for Python 3.11.2",
        {"it requires Python <3.9", "requirements.txt:6"},
        {"`berth run --python 3.8 …`"}},
       {"error: No solution found when resolving dependencies\n"
        "  cause: Because the current Python version (3.11.2) does not satisfy Python>=3.7,<3.11 "
        "and numpy==1.21.5 depends on Python>=3.7,<3.11, we can conclude that numpy==1.21.5 "
        "cannot be used.\n",
        "package-not-for-python",
        "`numpy==1.21.5` is not for Python 3.11.2",
        {},
        {"`berth run --python 3.10 …`"}},
       {"ERROR: foo-1.0-cp36-cp36m-manylinux1_x86_64.whl is not a supported wheel on this "
        "platform.\n",
        "package-not-for-platform",
        "`foo-1.0-cp36-cp36m-manylinux1_x86_64.whl` is a wheel for another machine or Python",
        {"it is for cp36 on manylinux1_x86_64; here is Python 3.11.2"}}});
}

TEST_CASE("build failure: what has to be compiled") {
  const std::string wheel =
      "  ERROR: Failed building wheel for cext\nFailed to build cext\n"
      "ERROR: Could not build wheels for cext, which is required\n";
  const std::string end = "      [end of output]\nFailed to build tokenizers\n";
  const std::string_view message = "`cext` has to be compiled, and the image lacks a compiler";
  const std::vector<std::string_view> hints = {"--apt build-essential --apt python3-dev",
                                               "berth run --devel"};
  check({
      {"      error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory\n" + wheel,
       "package-needs-compiler",
       message,
       {"requirements.txt:6", "no wheel of it for Python 3.11.2"},
       hints},
      {"      error: [Errno 2] No such file or directory: 'x86_64-linux-gnu-gcc'\n" + wheel,
       "package-needs-compiler",
       message,
       {},
       hints},
      {"error: Failed to build `cext @ file:///t/cext`\n"
       "         error: [Errno 2] No such file or directory: 'x86_64-linux-gnu-gcc'\n",
       "package-needs-compiler",
       message,
       {},
       hints},
      {"Collecting contourpy==1.3.0\n"
       "      ../meson.build:1:0: ERROR: Unknown compiler(s): [['c++'], ['g++'], ['clang++']]\n"
       "error: metadata-generation-failed\n",
       "package-needs-compiler",
       "`contourpy==1.3.0` has to be compiled, and the image lacks a compiler",
       {"nobody asks for `contourpy==1.3.0` by name"}},
      {"  RuntimeError: Broken toolchain: cannot link a simple C program. note: A compiler with "
       "support for C++11 language features is required.\n" +
           wheel,
       "package-needs-compiler",
       message,
       {},
       hints},
      {"      cext.c:1:10: fatal error: Python.h: No such file or directory\n"
       "      error: command '/usr/bin/x86_64-linux-gnu-gcc' failed with exit code 1\n" +
           wheel,
       "package-needs-compiler",
       "`cext` has to be compiled, and the image lacks Python's headers",
       {"Python.h"},
       {"--apt python3-dev"}},
      {"      c/_cffi_backend.c:15:10: fatal error: ffi.h: No such file or directory\n"
       "      error: command '/usr/bin/x86_64-linux-gnu-gcc' failed with exit code 1\n" +
           wheel,
       "package-needs-compiler",
       "`cext` has to be compiled, and the image lacks `ffi.h`",
       {},
       {"https://packages.debian.org/file:ffi.h"}},
      {"      running build_rust\n      error: can't find Rust compiler\n" + end,
       "package-needs-compiler",
       "`tokenizers` has to be compiled, and the image lacks a Rust compiler",
       {"requirements.txt:7"},
       {"`berth run --apt cargo …`"}},
      {"      ./build_bundled.sh: 8: git: not found\n      ./build_bundled.sh: 15: cmake: not "
       "found\n"
       "Failed to build sentencepiece\n",
       "package-needs-compiler",
       "`sentencepiece` has to be compiled, and the image lacks CMake",
       {},
       {"--apt cmake"}},
      {"      OSError: CUDA_HOME environment variable is not set. Please set it to your CUDA "
       "install "
       "root.\nFailed to build flash-attn\n",
       "package-needs-compiler",
       "`flash-attn` has to be compiled, and the image lacks CUDA's compiler",
       {"requirements.txt:8"},
       {"`berth run --devel …`"}},
      {"      ModuleNotFoundError: No module named 'torch'\n"
       "ERROR: Failed to build 'flash-attn' when getting requirements to build wheel\n",
       "package-build-dependency",
       "`flash-attn` needs `torch` while it is built, and does not say so to pip",
       {"requirements.txt:8"},
       {"`flash-attn @ https://…-cp311-….whl`"}},
  });
}

TEST_CASE("build failure: requirements that exclude each other") {
  check({
      {"ERROR: Cannot install -r c.txt (line 1) and idna==2.0 because these package versions have "
       "conflicting dependencies.\n\nThe conflict is caused by:\n"
       "    The user requested idna==2.0\n    requests 2.31.0 depends on idna<4 and >=2.5\n\n"
       "ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/\n",
       "package-conflict",
       "the requirements exclude each other",
       {"The user requested idna==2.0 by requirements.txt:5",
        "requests 2.31.0 depends on idna<4 and >=2.5"},
       {"loosen one of them"}},
      {"error: No solution found when resolving dependencies\n"
       "  cause: Because requests==2.31.0 depends on idna>=2.5,<4 and you require "
       "requests==2.31.0, "
       "we can conclude that you require idna>=2.5,<4.\n"
       "         And because you require idna==2.0, we can conclude that your requirements are "
       "unsatisfiable.\n",
       "package-conflict",
       "the requirements exclude each other",
       {"Because requests==2.31.0", "And because you require idna==2.0"}},
      {"The conflict is caused by:\n    The user requested urllib3<2\n"
       "    The user requested (constraint) urllib3==2.5.0\n\nERROR: ResolutionImpossible: for "
       "help\n",
       "package-conflict",
       "the requirements exclude each other",
       {"(constraint) urllib3==2.5.0"}},
      {"The conflict is caused by:\n    lightning 2.4.0 depends on torch<4.0 and >=2.1.0\n"
       "    The user requested (constraint) torch==1.13.1\n\nERROR: ResolutionImpossible: for "
       "help\n",
       "framework-conflict",
       "a package wants another `torch` than the one that is there, 1.13.1",
       {"lightning 2.4.0 depends on torch<4.0 and >=2.1.0", "berth does not exchange it"},
       {"`berth resolve --explain`"}},
      {"error: No solution found when resolving dependencies\n"
       "  cause: Because lightning==2.4.0 depends on torch>=2.1.0 and you require lightning, we "
       "can "
       "conclude that you require torch>=2.1.0.\n"
       "         And because you require torch==1.13.1, we can conclude that your requirements are "
       "unsatisfiable.\n",
       "framework-conflict",
       "a package wants another `torch` than the one that is there, 1.13.1",
       {"Because lightning==2.4.0"}},
  });
}

TEST_CASE("build failure: a file that is not what its hash says") {
  check({{"ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. …\n"
          "    six==1.16.0 from "
          "https://files.pythonhosted.org/packages/six-1.16.0-py2.py3-none-any.whl"
          " (from -r h.txt (line 1)):\n        Expected sha256 000000\n             Got        "
          "8abb2f\n",
          "hash-mismatch",
          "`six==1.16.0` is not what its hash says",
          {"requirements.txt:2", "wants sha256:000000", "sent sha256:8abb2f"}},
         {"error: Failed to download `six==1.16.0`\n  cause: Hash mismatch for `six==1.16.0`\n\n"
          "         Expected:\n           sha256:000000\n\n         Computed:\n"
          "           sha256:8abb2f\n",
          "hash-mismatch",
          "`six==1.16.0` is not what its hash says",
          {"wants sha256:000000", "sent sha256:8abb2f"}}});
}

TEST_CASE("build failure: a requirement without a hash where others have one") {
  check({{"ERROR: Hashes are required in --require-hashes mode, but they are missing from some "
          "requirements.\n    sniffio --hash=sha256:2f6da4\n",
          "hash-missing",
          "`sniffio` has no hash, and other lines have one",
          {"requirements.txt:1", "pip wants one for each"},
          {"pip-compile --generate-hashes"}},
         {"ERROR: In --require-hashes mode, all requirements must have their versions pinned with "
          "==. These do not:\n    sniffio from "
          "https://files.pythonhosted.org/packages/sniffio-1.3.1-py3-none-any.whl"
          " (from -r requirements.txt (line 1))\n",
          "hash-missing",
          "`sniffio` has no hash, and other lines have one",
          {"requirements.txt:1", "pip wants one for each"},
          {"pip-compile --generate-hashes"}}});
}

TEST_CASE("build failure: an index that cannot be reached") {
  const std::string nothing =
      "ERROR: Could not find a version that satisfies the requirement sniffio (from versions: "
      "none)\n"
      "ERROR: No matching distribution found for sniffio\n";
  const auto retry = [](std::string_view left, std::string_view cause) {
    return "WARNING: Retrying (Retry(total=" + std::string(left) +
           ", connect=None, read=None, redirect=None, status=None)) after connection broken by '" +
           std::string(cause) + "': /simple/sniffio/\n";
  };
  check({
      {"Looking in indexes: https://nosuch.invalid/simple\n" +
           retry("0",
                 "ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 502 "
                 "Bad Gateway'))") +
           nothing,
       "index-unreachable",
       "the index at `nosuch.invalid` cannot be reached from the container",
       {"502 Bad Gateway", "the machine's proxy is between"},
       {"`berth run --network host …`", "berth doctor --deep"}},
      {retry("0",
             "NewConnectionError('<HTTPSConnection>: Failed to establish a new connection: "
             "[Errno -3] Temporary failure in name resolution')") +
           nothing,
       "index-unreachable",
       "the index at `PyPI` cannot be reached from the container",
       {"Temporary failure in name resolution"},
       {"PIP_INDEX_URL="}},
      {retry("0",
             "NewConnectionError(\"HTTPConnection(host='127.0.0.1', port=9): Failed to establish "
             "a new connection: [Errno 111] Connection refused\")") +
           nothing,
       "index-unreachable",
       "the index at `PyPI` cannot be reached from the container",
       {"Connection refused"}},
      {"error: Request failed after 1 retry in 1.8s\n"
       "  cause: Failed to fetch: https://pypi.example/simple/sniffio/\n"
       "  cause: error sending request for url (https://pypi.example/simple/sniffio/)\n"
       "  cause: dns error\n",
       "index-unreachable", "the index at `pypi.example` cannot be reached from the container"},
      {"ERROR: Could not install packages due to an OSError: "
       "HTTPConnectionPool(host='files.example', "
       "port=80): Max retries exceeded with url: /x-1.0-py3-none-any.whl (Caused by "
       "ResponseError('too many 503 error responses'))\n",
       "index-unreachable",
       "the index at `files.example` cannot be reached from the container",
       {"too many 503"}},
      {"ERROR: Exception:\nTraceback (most recent call last):\n"
       "    raise ReadTimeoutError(self._pool, None, \"Read timed out.\")\n"
       "pip._vendor.urllib3.exceptions.ReadTimeoutError: "
       "HTTPSConnectionPool(host='files.example', port=443): Read timed out.\n",
       "index-unreachable",
       "the index at `files.example` cannot be reached from the container",
       {"Read timed out"}},
      // A try that failed is not the reason where a later one got an answer.
      {retry("4", "ReadTimeoutError(\"Read timed out. (read timeout=15)\")") + nothing,
       "package-not-found", "no index has a `sniffio` for Python 3.11.2"},
      {"WARNING: The repository located at 192.0.2.7 is not a trusted or secure host and is "
       "being "
       "ignored.\n" +
           nothing,
       "index-untrusted",
       "pip ignores the index at `192.0.2.7`: it is neither encrypted nor trusted",
       {},
       {"`PIP_TRUSTED_HOST=192.0.2.7 berth run …`"}},
      {"Could not fetch URL https://index.example/simple/sniffio/: There was a problem confirming "
       "the "
       "ssl "
       "certificate: SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] "
       "certificate verify failed: self-signed certificate in certificate chain'))\n" +
           nothing,
       "index-certificate",
       "the index cannot be trusted: its certificate is not known",
       {},
       {"SSL_CERT_FILE="}},
      {nothing + "Could not fetch URL http://index.example/simple/sniffio/: 401 Client Error: "
                 "Unauthorized for url: http://index.example/simple/sniffio/ - skipping\n",
       "index-refused",
       "the index refuses the access",
       {"401 Client Error"},
       {"~/.netrc"}},
      {"error: No solution found when resolving dependencies\n"
       "  cause: Because sniffio was not found in the package registry and you require sniffio, we "
       "can conclude that your requirements are unsatisfiable.\n\nhint: An index "
       "(http://index.example/simple) returned a 403 Forbidden error. Check that the index URL\n",
       "index-refused", "the index refuses the access"},
  });
}

TEST_CASE("build failure: git") {
  const std::string cloning =
      "  Cloning https://me:****@git.example/x/y.git (to revision v9) to /tmp/pip-req-build-0qq\n"
      "  Running command git clone --filter=blob:none --quiet https://git.example/x/y.git "
      "/tmp/pip\n";
  const std::string failed =
      "  error: subprocess-exited-with-error\n\n"
      "  × git clone --filter=blob:none --quiet https://git.example/x/y.git did not run "
      "successfully.\n  │ exit code: 128\n  ╰─> See above for output.\n";
  const std::string revision = cloning +
                               "  error: pathspec 'v9' did not match any file(s) known to git\n"
                               "  error: subprocess-exited-with-error\n\n"
                               "  × git checkout -q v9 did not run successfully.\n";
  const std::string login = cloning +
                            "  fatal: could not read Username for 'https://git.example': No such "
                            "device or address\n" +
                            failed;
  const std::string away = cloning +
                           "  fatal: unable to access 'https://git.example/x/y.git/': Could not "
                           "resolve host: git.example\n" +
                           failed;
  const std::string keys =
      "  Cloning ssh://****@git.example/x/y.git to /tmp/pip-req-build-0qq\n"
      "  git@git.example: Permission denied (publickey).\n"
      "  fatal: Could not read from remote repository.\n\n" +
      failed;
  const std::string unknown = cloning + "  fatal: early EOF\n" + failed;
  check({
      {"  Cloning https://github.com/x/y to /tmp/pip-req-build-0qq\n"
       "ERROR: Cannot find command 'git' - do you have 'git' installed and in your PATH?\n",
       "package-needs-git",
       "a requirement comes from a git repository, and the image has no git",
       {"Cloning https://github.com/x/y"},
       {"`berth run --apt git …`"}},
      {revision,
       "git-reference",
       "`https://me:****@git.example/x/y.git` has not the branch, tag or commit that is asked for",
       {"requirements.txt:10", "pathspec 'v9'"},
       {"git ls-remote"}},
      {login,
       "git-refused",
       "`https://me:****@git.example/x/y.git` is not there, or not for strangers",
       {"requirements.txt:10", "could not read Username"},
       {"~/.netrc"}},
      {away,
       "git-unreachable",
       "`https://me:****@git.example/x/y.git` cannot be reached from the container",
       {"requirements.txt:10", "Could not resolve host"},
       {"berth doctor --deep"}},
      {keys,
       "git-ssh",
       "`ssh://****@git.example/x/y.git` is asked through ssh, which fails",
       {"requirements.txt:10", "Permission denied (publickey)", "no keys"},
       {"git+https://"}},
      {unknown,
       "git-failed",
       "git failed on `https://me:****@git.example/x/y.git`",
       {"fatal: early EOF"},
       {"git clone"}},
      {"error: Git operation failed\n  cause: failed to fetch into: /root/.cache/uv/git-v0/db/1\n"
       "  cause: failed to find branch, tag, or commit `v9`\n",
       "git-reference",
       "the repository of a requirement has not the branch, tag or commit that is asked for",
       {"failed to find branch, tag, or commit `v9`"},
       {"git ls-remote"}},
  });
}

TEST_CASE("build failure: the distribution") {
  check({
      {"E: Unable to locate package nosuchpkg\n@berth failed system-package\n",
       "system-package-not-found",
       "the distribution of `img:1` has no package `nosuchpkg`",
       {"`nosuchpkg` is asked for by --apt"}},
      {"E: Version '9:1' for 'vim' was not found\n@berth failed system-package\n",
       "system-package-not-found", "the distribution of `img:1` has no version `9:1` of `vim`"},
      {"W: Failed to fetch http://mirror.example/debian/dists/bookworm/InRelease  Could not "
       "connect "
       "to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)\n"
       "@berth failed system-index\n",
       "system-index",
       "the lists of packages of `img:1`'s distribution cannot be read",
       {"Could not connect to 127.0.0.1:9"},
       {"berth doctor --deep"}},
      {"E: The repository 'http://mirror.example/debian stretch Release' does not have a Release "
       "file.\n"
       "Err:1 http://archive.debian.org/debian stretch InRelease\n"
       "  502  Bad Gateway\n"
       "E: Failed to fetch http://archive.debian.org/debian/dists/stretch/InRelease  502  Bad "
       "Gateway\n"
       "@berth failed system-index\n",
       "system-index",
       "the lists of packages of `img:1`'s distribution cannot be read",
       {"its archive does not answer: E: Failed to fetch http://archive.debian.org"},
       {"`berth resolve` finds one"}},
      {"W: GPG error: http://mirror.example/debian bookworm InRelease: The following signatures "
       "couldn't be verified because the public key is not available: NO_PUBKEY 6ED0E7B82643E131\n"
       "@berth failed system-index\n",
       "system-index",
       "the lists of packages of `img:1`'s distribution are signed with a key that it does not "
       "know",
       {"the key is 6ED0E7B82643E131"}},
      {"@berth failed no-apt\n", "no-apt",
       "`img:1` has no apt: berth cannot install the distribution's packages in it"},
      {"@berth failed other-python 3.8\n",
       "no-python",
       "`img:1` has Python 3.8, and the plan says 3.11",
       {},
       {"`berth run --python 3.8 …`"}},
      {"@berth wrong torch is 2.3.0, and the plan says 2.2.0\n@berth failed framework\n",
       "framework-wrong",
       "the framework is not what the plan says",
       {"torch is 2.3.0, and the plan says 2.2.0"}},
      {"/bin/sh: 1: tar: not found\n", "no-tar",
       "`img:1` has no tar, which berth needs to install anything in it"},
  });
}

TEST_CASE("build failure: an image on musl is told as one, whatever is missing in it") {
  for (const char* log :
       {"@berth failed no-python\n", "@berth failed no-apt\n",
        "ERROR: No matching distribution found for sniffio\n@berth failed python-package\n"}) {
    CAPTURE(log);
    CHECK(has(explained("@berth fact libc=musl\n" + std::string(log)).notes, "built on musl"));
    CHECK(!has(explained(log).notes, "musl"));
  }
}

TEST_CASE("build failure: the machine") {
  const Error full = explained(
      "  Downloading numpy-1.22.0.zip (11.3 MB)\n"
      "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n");
  CHECK(full.id == "disk-full");
  CHECK(full.code == Errc::engine_failed);
  CHECK(full.message == "the engine's disk is full: the environment does not fit");
  CHECK(has(full.notes, "No space left on device"));
  CHECK(has(full.notes, "the engine keeps its images at /var/lib/docker"));
  CHECK(has(full.hints, "`berth env prune --older 7d --cache`"));
  CHECK(has(full.hints, "`docker system prune`"));
  const std::string line = "OSError: [Errno 28] No space left on device\n@berth fact disk=";
  CHECK(has(explained(line + "1024 716800\n").notes,
            "by now 1.0 MiB are free of 700.0 MiB, at /var/lib/docker"));
  for (const char* said : {"", "1", "-1 2", "x y", "1 2 3", "99999999999999999999 1"}) {
    CAPTURE(said);
    CHECK(
        has(explained(line + said + "\n").notes, "the engine keeps its images at /var/lib/docker"));
  }
  const Error killed = explained("Collecting torch\n", 137);
  CHECK(killed.id == "build-killed");
  CHECK(killed.notes.front() == "what was being done: installing 9 requirements");
}

TEST_CASE("build failure: what nobody has foreseen ends in its own last words") {
  const Error error = explained("one\nError: the moon is in the wrong place\ntwo\n", 3);
  CHECK(error.id == "build-failed");
  CHECK(error.message ==
        "the environment cannot be built: installing 9 requirements ended with code 3");
  CHECK(error.notes.front() == "Error: the moon is in the wrong place");
}

TEST_CASE("build failure: a file that is not the locked one is said with what the lock is for") {
  const Stage locked{.files = {{"locked.txt", "six==1.16.0 --hash=sha256:00"}}};
  const Error error = explained(
      "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n"
      "    six==1.16.0 from http://host/six.whl (from -r locked.txt (line 1)):\n"
      "        Expected sha256 00\n"
      "             Got        8abb\n",
      1, locked);
  REQUIRE(error.id == "hash-mismatch");
  REQUIRE(error.message == "`six==1.16.0` is not what its hash says");
  REQUIRE(has(error.notes, "berth.lock wants sha256:00"));
  REQUIRE(has(error.notes, "the index sent sha256:8abb"));
  REQUIRE(has(error.hints, "`berth lock --update` locks what the index has now"));
}
