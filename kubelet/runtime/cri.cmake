# Compiles cri.proto into the kubelet_runtime library.
find_program(PROTOC_C protoc-c REQUIRED)
set(cri_dir ${CMAKE_BINARY_DIR}/generated/kubelet/runtime)
file(MAKE_DIRECTORY ${cri_dir})
add_custom_command(
    OUTPUT ${cri_dir}/cri.pb-c.c ${cri_dir}/cri.pb-c.h
    COMMAND ${PROTOC_C} --c_out=${cri_dir} -I${CMAKE_SOURCE_DIR}/kubelet/runtime cri.proto
    DEPENDS ${CMAKE_SOURCE_DIR}/kubelet/runtime/cri.proto
    VERBATIM)
set_source_files_properties(${cri_dir}/cri.pb-c.c PROPERTIES COMPILE_OPTIONS "-w")
target_sources(kubelet_runtime PRIVATE ${cri_dir}/cri.pb-c.c ${cri_dir}/cri.pb-c.h)
