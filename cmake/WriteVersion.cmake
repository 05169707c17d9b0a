execute_process(
  COMMAND git -C ${SOURCE_DIR} describe --tags --match "v[0-9]*" --dirty --abbrev=8
  OUTPUT_VARIABLE described
  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(described)
  string(REGEX REPLACE "^v" "" version ${described})
else()
  # No tag yet, or no git: the project's number, with the commit where one is known.
  set(version ${FALLBACK})
  execute_process(
    COMMAND git -C ${SOURCE_DIR} rev-parse --short=8 HEAD
    OUTPUT_VARIABLE commit
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(commit)
    set(version "${version}+g${commit}")
  endif()
endif()
set(text "#include \"cli/version.hpp\"\n\nnamespace berth::cli {\nconst char* const kVersion = \"${version}\";\n}\n")
set(current "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} current)
endif()
if(NOT current STREQUAL text)
  file(WRITE ${OUTPUT} "${text}")
endif()
