# embed_schema(VARIABLE FILES files… MIGRATIONS files…): writes a .cpp that holds the files as strings, in the order given, and
# puts its path into VARIABLE. The program carries its schema; the files in schema/ are the one place it is written.
function(embed_schema variable)
  cmake_parse_arguments(ARG "" "" "FILES;MIGRATIONS" ${ARGN})
  foreach(kind FILES MIGRATIONS)
    set(${kind}_entries "")
    foreach(file ${ARG_${kind}})
      get_filename_component(name ${file} NAME_WE)
      file(READ ${file} text)
      string(APPEND ${kind}_entries "    {\"${name}\", R\"text(${text})text\"},\n")
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    endforeach()
  endforeach()
  set(output ${CMAKE_CURRENT_BINARY_DIR}/schema_files.cpp)
  file(CONFIGURE OUTPUT ${output} @ONLY CONTENT
"#include \"store/schema_files.h\"

namespace offx::store {

std::span<const SchemaFile> schema_files() {
  static constexpr SchemaFile kFiles[] = {
@FILES_entries@  };
  return kFiles;
}

std::span<const MigrationFile> migration_files() {
  static constexpr MigrationFile kFiles[] = {
@MIGRATIONS_entries@  };
  return kFiles;
}

}  // namespace offx::store
")
  set(${variable} ${output} PARENT_SCOPE)
endfunction()
