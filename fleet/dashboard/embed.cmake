# Puts the page's files and MQTT.js into one C++ source. Run at build time:
#   cmake -D PAGE=... -D MQTT_JS=... -D OUTPUT=... -P embed.cmake
# GCC takes literals of any length; ')flyball"' stands in none of the files.
function(embed path mime file)
  file(READ "${file}" content)
  file(APPEND "${OUTPUT}.new" "    {\"${path}\", \"${mime}; charset=utf-8\",\n     text(R\"flyball(")
  file(APPEND "${OUTPUT}.new" "${content}")
  file(APPEND "${OUTPUT}.new" ")flyball\")},\n")
endfunction()

file(WRITE "${OUTPUT}.new" "#include \"fleet/dashboard/assets.h\"\n\nnamespace flyball {\nnamespace {\n
// Not std::string_view's own way: it counts longer literals than the compiler has patience for.
template <std::size_t size>
constexpr std::string_view text(const char (&literal)[size]) {
    return {literal, size - 1};
}

constexpr Asset assets[] = {\n")
embed("/" text/html "${PAGE}/index.html")
embed("/style.css" text/css "${PAGE}/style.css")
foreach(name app model plot table text)
  embed("/${name}.js" text/javascript "${PAGE}/${name}.js")
endforeach()
embed("/mqtt.js" text/javascript "${MQTT_JS}")
file(APPEND "${OUTPUT}.new" "};\n\n}  // namespace\n
std::span<const Asset> dashboard_assets() {\n    return assets;\n}\n\n}  // namespace flyball\n")
file(RENAME "${OUTPUT}.new" "${OUTPUT}")
