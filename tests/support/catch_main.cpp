// Catch2 2.13 has no main() of its own.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
