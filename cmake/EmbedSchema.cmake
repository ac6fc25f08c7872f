# embed_schema(VARIABLE files…): writes a .cpp that holds the files as strings, in the order given, and puts its path into
# VARIABLE. The program carries its schema; the files in schema/ are the one place it is written.
function(embed_schema variable)
  set(entries "")
  foreach(file ${ARGN})
    get_filename_component(name ${file} NAME_WE)
    file(READ ${file} sql)
    string(APPEND entries "    {\"${name}\", R\"sql(${sql})sql\"},\n")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  endforeach()
  set(output ${CMAKE_CURRENT_BINARY_DIR}/schema_files.cpp)
  file(CONFIGURE OUTPUT ${output} @ONLY CONTENT
"#include \"store/schema_files.h\"

namespace offx::store {

std::span<const SchemaFile> schema_files() {
  static constexpr SchemaFile kFiles[] = {
@entries@  };
  return kFiles;
}

}  // namespace offx::store
")
  set(${variable} ${output} PARENT_SCOPE)
endfunction()
