# The version is read from git at every build, and the generated file rewritten only when it changes.
set(BERTH_VERSION_FILE ${PROJECT_BINARY_DIR}/generated/version.cpp)
add_custom_target(
  berth_version_file
  COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${PROJECT_SOURCE_DIR} -DFALLBACK=${PROJECT_VERSION}
          -DOUTPUT=${BERTH_VERSION_FILE} -P ${CMAKE_CURRENT_LIST_DIR}/WriteVersion.cmake
  BYPRODUCTS ${BERTH_VERSION_FILE}
  COMMENT "Reading the version from git")
