# cmake -DOUTPUT=FILE -DSOURCES=LIST -P write_made_by.cmake: writes the function `made_by` of loader/module_files.hh,
# whose answer is another one whenever a source has changed.
set(sums "")
foreach(source IN LISTS SOURCES)
  file(SHA256 "${source}" sum)
  get_filename_component(name "${source}" NAME)
  string(APPEND sums "${name} ${sum}\n")
endforeach()
string(SHA256 sum "${sums}")
file(WRITE "${OUTPUT}" "// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include \"loader/module_files.hh\"

std::string interlink::made_by()
{
  return \"${sum}\";
}
")
