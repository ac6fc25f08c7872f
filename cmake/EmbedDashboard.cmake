option(OFFX_DASHBOARD "put the dashboard (web/) into the program; needs node and what ./dev setup fetches" ON)

# embed_dashboard(TARGET): builds web/ into build/web and gives TARGET the result: its bytes (assets.S) and the table of
# them (api/assets_table.inc). All build folders share build/web; web/tools/build.mjs does nothing if it is up to date.
function(embed_dashboard target)
  set(web ${PROJECT_SOURCE_DIR}/web)
  if(OFFX_DASHBOARD)
    find_program(NODE node)
    if(NOT NODE OR NOT EXISTS ${web}/node_modules/vite)
      message(FATAL_ERROR "The dashboard cannot be built: node, or what it takes from npm, is missing. Run ./dev setup. "
        "Without node or npm: -DOFFX_DASHBOARD=OFF makes a program whose server answers the API only.")
    endif()
    set(output ${PROJECT_SOURCE_DIR}/build/web)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${web}/src/* ${web}/public/*)
    add_custom_command(
      OUTPUT ${output}/api/assets_table.inc ${output}/assets.bin
      COMMAND ${NODE} ${web}/tools/build.mjs ${output}
      DEPENDS ${sources} ${web}/index.html ${web}/vite.config.ts ${web}/package-lock.json ${web}/tools/build.mjs
      COMMENT "Building the dashboard" VERBATIM)
    add_custom_target(offx_web DEPENDS ${output}/api/assets_table.inc)
    add_dependencies(${target} offx_web)
  else()
    set(output ${CMAKE_CURRENT_BINARY_DIR}/no_dashboard)
    file(WRITE ${output}/api/assets_table.inc "")
    file(WRITE ${output}/assets.bin "")
  endif()
  target_sources(${target} PRIVATE assets.S)
  target_include_directories(${target} PRIVATE ${output})
  set_source_files_properties(assets.S PROPERTIES
    COMPILE_DEFINITIONS "OFFX_WEB_ASSETS=\"${output}/assets.bin\"" OBJECT_DEPENDS ${output}/assets.bin)
  set_source_files_properties(assets.cpp PROPERTIES OBJECT_DEPENDS ${output}/api/assets_table.inc)
endfunction()
