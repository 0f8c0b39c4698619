# A help text as sections of a manual: what stands below a line like "Options:" is shown as it is, the
# keys of a configuration are a list of terms, other lines are paragraphs. With nested=1 these are the
# subsections of a verb, in the text's own order; else examples come last.

function literal(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    return text ~ /^[.']/ ? "\\\\&" text : text
}
function out(text) { lines[at] = lines[at] text "\n" }
function shown(on) {
    if (on != open) out(on ? ".nf" : ".fi")
    open = on
}
function begin(title) {
    shown(0)
    at = title
    order[++count] = title
    paragraph = terms = blank = 0
}
function show(text) {
    shown(1)
    if (blank) out("")
    blank = 0
    out(literal(text))
}
function tell(text) {
    shown(0)
    if (blank) out(".PP")
    blank = 0
    sub(/^ +/, "", text)
    out(literal(text))
}

/^Usage: / {
    begin("Synopsis")
    sub(/^Usage: /, "")
    tell($0)
    begin("Description")
    paragraph = 1
    next
}
/^Keys .*:$/ {
    begin("Keys")
    sub(/^Keys /, "")
    tell($0)
    terms = 1
    next
}
/^Exit: / && terms {
    begin("Exit status")
    sub(/^Exit: /, "")
    paragraph = 1
}
/^[A-Z][a-z ]*:$/ {
    sub(/:$/, "")
    begin($0)
    next
}
/^$/ {
    blank = 1
    next
}
terms && /^  [a-z]/ {
    sub(/^ +/, "")
    out(".TP\n\\fB" literal($0) "\\fR")
    first = 1
    next
}
terms {
    if (!first) out(".br")
    first = blank = 0
    tell($0)
    next
}
paragraph && !/^ +-/ {
    tell($0)
    next
}
{ show($0) }

function print_section(title) {
    print (nested ? ".SS \"" title : ".SH \"" toupper(title)) "\""
    printf "%s", lines[title]
}
END {
    shown(0)
    for (i = 1; i <= count; ++i) {
        if (nested || order[i] != "Examples") print_section(order[i])
    }
    if (!nested && "Examples" in lines) print_section("Examples")
}
