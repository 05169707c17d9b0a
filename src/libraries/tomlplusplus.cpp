// toml++, whose package has it as a shared library; its headers have it, too.
#define TOML_IMPLEMENTATION
#include <toml++/toml.h>
