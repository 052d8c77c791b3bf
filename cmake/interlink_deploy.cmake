# interlink_deploy_engine(target): the engine's shared library, and Interlink's own when it is one, lie beside the program,
# which finds them there, also when all are moved. Where the target is installed, install them with it:
#   install(FILES $<TARGET_FILE:Wasmtime::wasmtime> DESTINATION ...)
include_guard(GLOBAL)

function(interlink_deploy_engine target)
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND "${CMAKE_COMMAND}" -E copy_if_different $<TARGET_FILE:Wasmtime::wasmtime> $<TARGET_FILE_DIR:${target}> VERBATIM)
  get_target_property(kind interlink::interlink TYPE)
  if(kind STREQUAL "SHARED_LIBRARY")
    add_custom_command(TARGET ${target} POST_BUILD
      COMMAND "${CMAKE_COMMAND}" -E copy_if_different $<TARGET_FILE:interlink::interlink>
        $<TARGET_FILE_DIR:${target}>/$<TARGET_SONAME_FILE_NAME:interlink::interlink> VERBATIM)
  endif()
  set_property(TARGET ${target} APPEND PROPERTY INSTALL_RPATH "$ORIGIN")
  set_property(TARGET ${target} PROPERTY BUILD_WITH_INSTALL_RPATH ON)
endfunction()
