# Tests of the sources and of the package, rather than of the program.
include_guard()

find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME Layers.KeepTheIncludeTable
  COMMAND Python3::Interpreter "${CMAKE_CURRENT_LIST_DIR}/check_layers.py" "${PROJECT_SOURCE_DIR}")
add_test(NAME Layers.BreachesAreFound COMMAND Python3::Interpreter "${CMAKE_CURRENT_LIST_DIR}/check_layers_test.py")
set_tests_properties(Layers.KeepTheIncludeTable Layers.BreachesAreFound PROPERTIES LABELS tidy)

# The formatter of tools/setup tidy, and no other version: each formats a little differently.
find_program(INTERLINK_CLANG_FORMAT clang-format-22)
if(INTERLINK_CLANG_FORMAT)
  add_test(NAME Format.IsThatOfTheFile
    COMMAND sh -c "git ls-files '*.cc' '*.hh' | xargs '${INTERLINK_CLANG_FORMAT}' --dry-run -Werror"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(Format.IsThatOfTheFile PROPERTIES LABELS tidy)
endif()

foreach(tool setup demo)
  add_test(NAME Tools.${tool} COMMAND "${PROJECT_SOURCE_DIR}/tests/tools/${tool}_test.sh")
  set_tests_properties(Tools.${tool} PROPERTIES LABELS unit)
endforeach()

# A sanitizer's runtime would have to be linked by the consumer too: the package is tested as it is shipped.
if(INTERLINK_WITH_WASMTIME AND CMAKE_BUILD_TYPE STREQUAL "Release")
  add_test(NAME Package.ServesAConsumer
    COMMAND "${PROJECT_SOURCE_DIR}/tests/install/install_test.sh" "${PROJECT_BINARY_DIR}" "${CMAKE_COMMAND}"
            "${CMAKE_CXX_COMPILER}")
  add_test(NAME Package.IsStaticOrShared
    COMMAND "${PROJECT_SOURCE_DIR}/tests/install/kinds_test.sh" "${PROJECT_BINARY_DIR}" "${CMAKE_COMMAND}" "${CMAKE_CXX_COMPILER}")
  set_tests_properties(Package.ServesAConsumer Package.IsStaticOrShared PROPERTIES LABELS scenario)
endif()

if(INTERLINK_WITH_WASMTIME)
  add_test(NAME Package.IsASubproject
    COMMAND "${CMAKE_COMMAND}" -S "${PROJECT_SOURCE_DIR}/tests/install/subproject" -B "${PROJECT_BINARY_DIR}/subproject"
            -G Ninja "-DINTERLINK_SOURCE=${PROJECT_SOURCE_DIR}" "-DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}")
  set_tests_properties(Package.IsASubproject PROPERTIES LABELS scenario)
endif()

# Every mutant's text stands in the sources once; whether the tests find it, tools/mutate says.
add_test(NAME Mutants.AreOfTheSourcesAsTheyAre COMMAND Python3::Interpreter "${PROJECT_SOURCE_DIR}/tools/mutate" --list)
set_tests_properties(Mutants.AreOfTheSourcesAsTheyAre PROPERTIES LABELS unit)
