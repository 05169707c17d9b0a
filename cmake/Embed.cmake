# berth_embed(<target> <function> <files…>): adds the files to the target as read-only data, through the assembler's
# .incbin (a string literal of this size would cost the compiler seconds). The target gets a generated
# source that defines berth::<function>(), declared in berth/base/embedded.hpp.
function(berth_embed target function)
  set(assembly ${CMAKE_CURRENT_BINARY_DIR}/${target}_embedded.S)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${target}_embedded.cpp)
  set(sections "")
  set(externs "")
  set(rows "")
  set(index 0)
  foreach(file ${ARGN})
    get_filename_component(name ${file} NAME)
    set(symbol ${target}_embedded_${index})
    string(APPEND sections ".global ${symbol}\n${symbol}:\n.incbin \"${file}\"\n"
           ".global ${symbol}_end\n${symbol}_end:\n.byte 0\n")
    string(APPEND externs "extern \"C\" const char ${symbol}[];\nextern \"C\" const char ${symbol}_end[];\n")
    string(APPEND rows
           "      {\"${name}\", {${symbol}, static_cast<std::size_t>(${symbol}_end - ${symbol})}},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  file(CONFIGURE OUTPUT ${assembly}
       CONTENT ".section .rodata\n${sections}.section .note.GNU-stack,\"\",%progbits\n" @ONLY)
  file(CONFIGURE OUTPUT ${source}
       CONTENT "#include \"berth/base/embedded.hpp\"\n\n${externs}
namespace berth {
std::vector<EmbeddedFile> ${function}() {
  return {
${rows}  };
}
}  // namespace berth
" @ONLY)
  set_source_files_properties(${assembly} PROPERTIES OBJECT_DEPENDS "${ARGN}")
  target_sources(${target} PRIVATE ${assembly} ${source})
endfunction()

# berth_embed_program(<target>): an object library <target>_program that carries the executable as bytes, from
# `extern "C" const char <target>_program[]` to <target>_program_end.
function(berth_embed_program target)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  set(program ${CMAKE_CURRENT_BINARY_DIR}/${target})
  set(assembly ${CMAKE_CURRENT_BINARY_DIR}/${target}_program.S)
  file(CONFIGURE OUTPUT ${assembly}
       CONTENT ".section .rodata
.global ${target}_program
${target}_program:
.incbin \"${program}\"
.global ${target}_program_end
${target}_program_end:
.byte 0
.section .note.GNU-stack,\"\",%progbits
" @ONLY)
  add_library(${target}_program OBJECT ${assembly})
  set_source_files_properties(${assembly} PROPERTIES OBJECT_DEPENDS ${program})
  add_dependencies(${target}_program ${target})
endfunction()
