# interlink_guest_tool(TOOL VARIABLE): what tools/TOOL prints, a folder, after it got what belongs there. A failure of its own
# says what is missing.
include_guard(GLOBAL)

cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH interlink_root)
set(INTERLINK_TOOLS_DIR "${interlink_root}/tools" CACHE INTERNAL "")

function(interlink_guest_tool tool variable)
  execute_process(COMMAND "${INTERLINK_TOOLS_DIR}/${tool}" OUTPUT_VARIABLE printed OUTPUT_STRIP_TRAILING_WHITESPACE
                  RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "tools/${tool} failed, see above")
  endif()
  set(${variable} "${printed}" CACHE INTERNAL "What tools/${tool} printed")
endfunction()
