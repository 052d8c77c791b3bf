# One object of several archives, in which all symbols are local but those of the public header's namespace.
# Usage: cmake -DLINKER=ld -DOBJCOPY=objcopy -DNM=nm -DOBJECT=x.o -DARCHIVES=a,b,... -P merge_archives.cmake
string(REPLACE "," ";" archives "${ARCHIVES}")

# The groups of inline functions are resolved here: by name they could not be told from the program's own.
execute_process(COMMAND "${LINKER}" -r --force-group-allocation -o "${OBJECT}" --whole-archive ${archives}
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${OBJCOPY}" --wildcard --keep-global-symbol=_ZN9interlink2v0* --keep-global-symbol=_ZNK9interlink2v0*
    --keep-global-symbol=_ZT[VIS]N9interlink2v0* "${OBJECT}"
  COMMAND_ERROR_IS_FATAL ANY)

# Unique symbols (static data of inline functions and templates) stay global whatever is asked for: they get names that
# nobody else has, so that this asio's data is not that of the program's asio.
execute_process(COMMAND "${NM}" --defined-only --extern-only "${OBJECT}" OUTPUT_VARIABLE symbols
  COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL " u [^\n]+" unique "${symbols}")
set(renamed "")
foreach(symbol IN LISTS unique)
  string(SUBSTRING "${symbol}" 3 -1 name)
  string(APPEND renamed "${name} interlink_v0_${name}\n")
endforeach()
file(WRITE "${OBJECT}.renamed" "${renamed}")
execute_process(COMMAND "${OBJCOPY}" "--redefine-syms=${OBJECT}.renamed" "${OBJECT}" COMMAND_ERROR_IS_FATAL ANY)
