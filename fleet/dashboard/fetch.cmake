# MQTT.js's bundle for browsers, in the version of package-lock.json: from node_modules beside it,
# else by npm into the build folder. Without either the tool is built without a dashboard. Run at
# build time: cmake -D SOURCE=... -D NPM=... -D FOLDER=... -D OUTPUT=... -P fetch.cmake
set(bundle node_modules/mqtt/dist/mqtt.min.js)
if(EXISTS "${SOURCE}/${bundle}")
  file(COPY_FILE "${SOURCE}/${bundle}" "${OUTPUT}")
  return()
endif()
if(NPM)
  file(MAKE_DIRECTORY "${FOLDER}")
  foreach(name package.json package-lock.json .npmrc)
    file(COPY_FILE "${SOURCE}/${name}" "${FOLDER}/${name}")
  endforeach()
  execute_process(COMMAND "${NPM}" ci --no-audit --no-fund --loglevel=error
    WORKING_DIRECTORY "${FOLDER}" RESULT_VARIABLE status)
  if(status EQUAL 0)
    file(COPY_FILE "${FOLDER}/${bundle}" "${OUTPUT}")
    return()
  endif()
  set(why "npm could not get MQTT.js (its message is above)")
else()
  set(why "npm is not installed")
endif()
message(NOTICE "flyball is built without its dashboard: ${why}. `flyball dashboard` will say so; "
  "everything else works. To have it: install npm, remove ${OUTPUT}, build again.")
file(WRITE "${OUTPUT}" "")
