# interlink_deploy_engine(target): the engine's shared library lies beside the program, which finds it there, also when the
# two are moved. Where the target is installed, install the library with it:
#   install(FILES $<TARGET_FILE:Wasmtime::wasmtime> DESTINATION ...)
include_guard(GLOBAL)

function(interlink_deploy_engine target)
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND "${CMAKE_COMMAND}" -E copy_if_different $<TARGET_FILE:Wasmtime::wasmtime> $<TARGET_FILE_DIR:${target}> VERBATIM)
  set_property(TARGET ${target} APPEND PROPERTY INSTALL_RPATH "$ORIGIN")
  set_property(TARGET ${target} PROPERTY BUILD_WITH_INSTALL_RPATH ON)
endfunction()
