# SPDX-License-Identifier: GPL-2.0-or-later
# A table of the lines "summary: generation NAME: SUBJECT: VALUE" of the tests
match($0, /^summary: generation [AB][0-9]?: /) {
    name = substr($0, 21, RLENGTH - 22)
    rest = substr($0, RLENGTH + 1)
    at = index(rest, ": ")
    subject = substr(rest, 1, at - 1)
    if (!(subject in width)) { subjects[++n] = subject; width[subject] = length(subject) }
    cell[name, subject] = substr(rest, at + 2)
    if (length(cell[name, subject]) > width[subject])
        width[subject] = length(cell[name, subject])
}

function row(name,    i, line, text) {
    line = sprintf("  %-10s", name)
    for (i = 1; i <= n; i++) {
        text = "-"
        if (name == "generation") text = subjects[i]
        else if ((name, subjects[i]) in cell) text = cell[name, subjects[i]]
        line = line sprintf("  %-" width[subjects[i]] "s", text)
    }
    sub(/ +$/, "", line)
    print line
}

END {
    if (!n) exit
    print ""
    row("generation")
    split("A B1 B2 B3 B4 B5", names, " ")
    for (g = 1; g <= 6; g++)
        row(names[g])
}
