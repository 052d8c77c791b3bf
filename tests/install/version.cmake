# The version that the macros of an installed header say. Usage: cmake -P version.cmake PREFIX
file(STRINGS "${CMAKE_ARGV3}/include/interlink/version.hh" line REGEX "define INTERLINK_VERSION_STRING")
string(REGEX REPLACE ".*\"(.*)\"" "\\1" version "${line}")
message("${version}")
