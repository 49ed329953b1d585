# SPDX-License-Identifier: GPL-2.0-or-later
"""XML as a tree that knows its line numbers, from expat

Documents with a DTD are refused: libvirt writes none, and entities could make
a small file fill the memory.
"""

from xml.parsers import expat

from . import Bad

MAX_DEPTH = 100


class Element:
    def __init__(self, name, attributes, line):
        self.name = name
        self.attributes = attributes
        self.line = line
        self.children = []
        self.text = ""

    def where(self):
        # Names of a namespace come as "URI NAME"
        return f"<{self.name.split(' ')[-1]}> in line {self.line}"

    def get(self, name, default=None):
        return self.attributes.get(name, default)

    def find(self, name):
        """The only child of that name, or None"""
        found = self.all(name)
        if len(found) > 1:
            raise Bad(f"{found[1].where()}: there was one in line {found[0].line} already")
        return found[0] if found else None

    def all(self, name):
        return [child for child in self.children if child.name == name]


def parse(data, path):
    """The root element of the document"""
    parser = expat.ParserCreate(namespace_separator=" ")
    top = Element("", {}, 0)
    stack = [top]

    def start(name, attributes):
        if len(stack) > MAX_DEPTH:
            raise Bad(f"{path}: more than {MAX_DEPTH} elements deep")
        element = Element(name, attributes, parser.CurrentLineNumber)
        stack[-1].children.append(element)
        stack.append(element)

    def end(_name):
        stack.pop()

    def text(chars):
        stack[-1].text += chars

    def doctype(*_args):
        raise Bad(f"{path}, line {parser.CurrentLineNumber}: a domain XML has no DOCTYPE")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(data, True)
    except expat.ExpatError as err:
        raise Bad(f"{path} is not XML: {err}") from err
    return top.children[0]
