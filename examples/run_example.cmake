# Runs `command argument`: it must end with 0 and print what matches `expected`.
execute_process(COMMAND "${command}" "${argument}" RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE complaint)
if(NOT code STREQUAL "0" OR NOT output MATCHES "${expected}")
  message(FATAL_ERROR "ended with ${code}, expected 0 and ${expected}\n${output}${complaint}")
endif()
message("${output}")
