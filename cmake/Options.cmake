# berth_options carries what every target of ours is compiled with; it is linked PRIVATE, so that the
# headers of others are never judged by our warnings.
add_library(berth_options INTERFACE)
target_include_directories(berth_options INTERFACE ${PROJECT_SOURCE_DIR}/include)
target_compile_options(
  berth_options
  INTERFACE -Wall
            -Wextra
            -Wpedantic
            -Wshadow
            -Wconversion
            -Wsign-conversion
            -Wnon-virtual-dtor
            -Wold-style-cast
            -Woverloaded-virtual
            -Wextra-semi
            -Wformat=2
            $<$<CXX_COMPILER_ID:GNU>:-Wlogical-op>
            $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond>
            $<$<BOOL:${BERTH_WERROR}>:-Werror>
            # Small before quick: a run computes little, and most of what it costs is to bring in its own code. It is half
            # as large as with CMake's -O3, which stands before this and so loses.
            $<$<CONFIG:Release>:-Os>
            # False alarms of GCC 12 about the standard library's own code once it optimises: moved std::optional
            # (its bug 105562), std::string's operator+ (105651).
            $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
            $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
target_compile_definitions(berth_options INTERFACE $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
if(BERTH_SANITIZE)
  target_compile_options(berth_options INTERFACE -fsanitize=${BERTH_SANITIZE}
                                                 -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(berth_options INTERFACE -fsanitize=${BERTH_SANITIZE})
endif()

# berth_layer(<name> SOURCES … DEPENDS … PRIVATE_DEPENDS …): one layer, one static library.
# DEPENDS are the layers (and libraries) visible in its headers, PRIVATE_DEPENDS those that are not.
function(berth_layer name)
  cmake_parse_arguments(LAYER "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(berth_${name} STATIC ${LAYER_SOURCES})
  target_include_directories(berth_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include
                                           PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(
    berth_${name}
    PUBLIC ${LAYER_DEPENDS}
    PRIVATE berth_options ${LAYER_PRIVATE_DEPENDS})
endfunction()
