# Compiles common/api/schema/*.yaml to const C tables with a host tool; cube_folder(common/api) adds them to its library.
file(GLOB schema_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/common/api/schema/*.yaml)
set(schema_tables ${CMAKE_BINARY_DIR}/generated/common/api/schema_tables.c)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/generated/common/api)

file(GLOB schema_compiler_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/common/api/schema_compiler/*.c)
list(FILTER schema_compiler_sources EXCLUDE REGEX "/main\\.c$")
add_library(common_api_schema_compiler STATIC ${schema_compiler_sources})
target_link_libraries(common_api_schema_compiler PUBLIC common_data common_base)
add_executable(schema_compiler ${CMAKE_SOURCE_DIR}/common/api/schema_compiler/main.c)
target_link_libraries(schema_compiler PRIVATE common_api_schema_compiler)

add_custom_command(OUTPUT ${schema_tables} COMMAND schema_compiler ${schema_tables} ${schema_files}
                   DEPENDS schema_compiler ${schema_files} COMMENT "Compiling the API schema" VERBATIM)
add_library(common_api_generated OBJECT ${schema_tables})
