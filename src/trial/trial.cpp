// The program that `berth doctor --deep` runs in a container made of nothing else. It does what it
// is told, one pair of words after the other, and prints a line per pair with the errno of each:
//
//   write FILE     makes the file
//   open FILE      opens it to read and write, as CUDA opens a device
//   find FILE      whether it is there
//   resolve NAME   asks the first name server of /etc/resolv.conf for its address
//
// Before them the line `ids UID GID`, on standard error a line of its own, and at the end the exit
// code 42. No C library: an image without files has none, and this way it is the same few KB on
// every distribution. Judgement is left to berth.
namespace {

using Word = unsigned long;

#if defined(__x86_64__)
enum Call : long {
  kRead = 0,
  kWrite = 1,
  kClose = 3,
  kSocket = 41,
  kConnect = 42,
  kGetuid = 102,
  kGetgid = 104,
  kExit = 231,
  kOpenat = 257,
  kPpoll = 271,
  kFaccessat = 269,
};

long call(Call number, Word a = 0, Word b = 0, Word c = 0, Word d = 0, Word e = 0) {
  long result = number;
  register Word fourth asm("r10") = d;
  register Word fifth asm("r8") = e;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
               : "rcx", "r11", "memory");
  return result;
}

asm(".globl _start\n_start:\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call trial\n");
#elif defined(__aarch64__)
enum Call : long {
  kRead = 63,
  kWrite = 64,
  kClose = 57,
  kSocket = 198,
  kConnect = 203,
  kGetuid = 174,
  kGetgid = 176,
  kExit = 94,
  kOpenat = 56,
  kPpoll = 73,
  kFaccessat = 48,
};

long call(Call number, Word a = 0, Word b = 0, Word c = 0, Word d = 0, Word e = 0) {
  register long eighth asm("x8") = number;
  register Word first asm("x0") = a;
  register Word second asm("x1") = b;
  register Word third asm("x2") = c;
  register Word fourth asm("x3") = d;
  register Word fifth asm("x4") = e;
  asm volatile("svc 0"
               : "+r"(first)
               : "r"(eighth), "r"(second), "r"(third), "r"(fourth), "r"(fifth)
               : "memory");
  return static_cast<long>(first);
}

asm(".globl _start\n_start:\n  mov x0, sp\n  bl trial\n");
#else
#error "no system calls for this processor"
#endif

constexpr long kTimedOut = 110;
constexpr long kNoSuchFile = 2;
constexpr long kNotResolved = 1000;              // with the name server's own code added
constexpr Word kHere = static_cast<Word>(-100);  // AT_FDCWD
constexpr int kReadWrite = 2;
constexpr int kCreate = 0101;  // O_WRONLY | O_CREAT

Word address(const void* pointer) {
  return reinterpret_cast<Word>(pointer);
}

Word length(const char* text) {
  Word count = 0;
  while (text[count] != '\0') {
    ++count;
  }
  return count;
}

bool same(const char* a, const char* b) {
  while (*a != '\0' && *a == *b) {
    ++a;
    ++b;
  }
  return *a == *b;
}

void print(const char* text, Word descriptor = 1) {
  call(kWrite, descriptor, address(text), length(text));
}

void print(long number) {
  char digits[24] = {};
  char* at = digits + sizeof(digits) - 1;
  do {
    *--at = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number > 0);
  print(at);
}

long opened(const char* file, int flags) {
  const long descriptor = call(kOpenat, kHere, address(file), static_cast<Word>(flags), 0644);
  if (descriptor < 0) {
    return -descriptor;
  }
  call(kClose, static_cast<Word>(descriptor));
  return 0;
}

// The four bytes after the first "nameserver", where those are an IPv4 address.
bool find_name_server(const char* text, unsigned char* bytes) {
  constexpr char kKey[] = "nameserver ";
  for (; *text != '\0'; ++text) {
    Word i = 0;
    while (kKey[i] != '\0' && text[i] == kKey[i]) {
      ++i;
    }
    if (kKey[i] != '\0') {
      continue;
    }
    text += i;
    for (int part = 0; part < 4; ++part) {
      unsigned value = 0;
      const char* begin = text;
      for (; *text >= '0' && *text <= '9'; ++text) {
        value = value * 10 + static_cast<unsigned>(*text - '0');
      }
      if (text == begin || value > 255 || (part < 3 && *text++ != '.')) {
        return false;
      }
      bytes[part] = static_cast<unsigned char>(value);
    }
    return true;
  }
  return false;
}

// A question for the IPv4 address of a name (RFC 1035, 4.1); the number of its bytes.
Word make_question(const char* name, unsigned char* packet) {
  constexpr unsigned char kHeader[12] = {0xbe, 0x27, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  Word size = 0;
  for (const unsigned char byte : kHeader) {
    packet[size++] = byte;
  }
  while (*name != '\0') {
    const Word label = size++;
    while (*name != '\0' && *name != '.') {
      packet[size++] = static_cast<unsigned char>(*name++);
    }
    packet[label] = static_cast<unsigned char>(size - label - 1);
    name += *name == '.';
  }
  constexpr unsigned char kEnd[5] = {0, 0, 1, 0, 1};  // type A, class IN
  for (const unsigned char byte : kEnd) {
    packet[size++] = byte;
  }
  return size;
}

struct Socket4 {
  unsigned short family = 2;
  unsigned char port[2] = {0, 53};
  unsigned char host[4] = {};
  unsigned char rest[8] = {};
};

long ask(long socket, const Socket4& server, const char* name) {
  struct {
    int descriptor;
    short events = 1;  // POLLIN
    short seen = 0;
  } waited{static_cast<int>(socket)};
  const long patience[2] = {3, 0};
  unsigned char packet[512] = {};
  const Word descriptor = static_cast<Word>(socket);
  long result = call(kConnect, descriptor, address(&server), sizeof(server));
  if (result == 0) {
    result = call(kWrite, descriptor, address(packet), make_question(name, packet));
  }
  if (result < 0) {
    return -result;
  }
  if (call(kPpoll, address(&waited), 1, address(patience)) <= 0) {
    return kTimedOut;
  }
  result = call(kRead, descriptor, address(packet), sizeof(packet));
  if (result < 0) {
    return -result;
  }
  const int code = packet[3] & 15;
  const bool answered = packet[6] != 0 || packet[7] != 0;
  return code == 0 && answered ? 0 : kNotResolved + code;
}

long resolved(const char* name) {
  char configuration[4096] = {};
  const long file = call(kOpenat, kHere, address("/etc/resolv.conf"));
  if (file < 0) {
    return -file;
  }
  call(kRead, static_cast<Word>(file), address(configuration), sizeof(configuration) - 1);
  call(kClose, static_cast<Word>(file));
  Socket4 server;
  if (!find_name_server(configuration, server.host)) {
    return kNoSuchFile;
  }
  const long socket = call(kSocket, 2, 2);  // AF_INET, SOCK_DGRAM
  return socket < 0 ? -socket : ask(socket, server, name);
}

long done(const char* verb, const char* object) {
  if (same(verb, "write")) {
    return opened(object, kCreate);
  }
  if (same(verb, "open")) {
    return opened(object, kReadWrite);
  }
  if (same(verb, "find")) {
    return -call(kFaccessat, kHere, address(object));
  }
  return resolved(object);
}

}  // namespace

// The compiler puts calls of these into code that has no such call.
extern "C" void* memset(void* target, int value, Word count) {
  for (Word i = 0; i < count; ++i) {
    static_cast<volatile unsigned char*>(target)[i] = static_cast<unsigned char>(value);
  }
  return target;
}
extern "C" void* memcpy(void* target, const void* source, Word count) {
  for (Word i = 0; i < count; ++i) {
    static_cast<volatile unsigned char*>(target)[i] = static_cast<const unsigned char*>(source)[i];
  }
  return target;
}

// The stack as the kernel hands it over: the count of arguments, then their addresses.
extern "C" [[noreturn]] void trial(const Word* stack) {
  const Word count = stack[0];
  const char* const* arguments = reinterpret_cast<const char* const*>(stack + 1);
  print("ids ");
  print(call(kGetuid));
  print(" ");
  print(call(kGetgid));
  print("\n");
  print("a word on standard error\n", 2);
  for (Word i = 1; i + 1 < count; i += 2) {
    print(arguments[i]);
    print(" ");
    print(arguments[i + 1]);
    print(" ");
    print(done(arguments[i], arguments[i + 1]));
    print("\n");
  }
  call(kExit, 42);
  __builtin_unreachable();
}
