"""tests/lib/openapi.py: the API as its own OpenAPI document describes it: operations, fields, and what answers must look like.

Only the part of JSON Schema that our generator writes; anything else in the document is an error here, so that nothing goes unchecked.
"""
import json
import urllib.parse

KNOWN = {"type", "properties", "required", "additionalProperties", "items", "enum", "anyOf", "$ref", "description", "format",
         "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "x-type"}


class Field:
    def __init__(self, name, where, schema, required):
        self.name, self.where, self.schema, self.required = name, where, schema, required
        self.type = schema.get("x-type")
        self.min = schema.get("minLength", schema.get("minimum", schema.get("minItems")))
        self.max = schema.get("maxLength", schema.get("maximum", schema.get("maxItems")))
        self.values = schema.get("enum")


class Operation:
    def __init__(self, document, path, method, row):
        self.name, self.path, self.method = row["operationId"], path, method.upper()
        self.role, self.scope = row["x-role"], row["x-scope"]
        self.session_only, self.logged = row["x-session-only"], row["x-logged"]
        self.large = row["x-large"]
        self.has_body = "requestBody" in row
        self.status = 202 if "202" in row["responses"] else 200
        content = row["responses"][str(self.status)]["content"]
        self.stream = "text/event-stream" in content
        self.schema = None if self.stream else content["application/json"]["schema"]
        self.fields = [Field(p["name"], p["in"], p["schema"], p["required"]) for p in row["parameters"] if "$ref" not in p]
        if self.has_body:
            body = row["requestBody"]["content"]["application/json"]["schema"]
            self.fields += [Field(n, "body", s, n in body["required"]) for n, s in body["properties"].items()]

    def at(self, values=None):
        """The path with these values in it, or with some that are well formed and name nothing."""
        path, values = self.path, values or {}
        for f in self.of("path"):
            harmless = f.values[0] if f.values else "nothing.example" if f.type == "domain" else "x" * max(f.min, 1)
            value = values.get(f.name, harmless)
            path = path.replace("{%s}" % f.name, urllib.parse.quote(str(value), safe=""))
        return path

    def of(self, where):
        return [f for f in self.fields if f.where == where]

    def __repr__(self):
        return self.name


class Api:
    def __init__(self, text):
        self.document = json.loads(text)
        self.operations = [Operation(self.document, path, method, row)
                           for path, methods in self.document["paths"].items() for method, row in methods.items()]
        self.by_name = {o.name: o for o in self.operations}
        self.scopes = sorted({o.scope for o in self.operations if not o.session_only and o.role not in ("nobody", "root")})

    def resolve(self, schema):
        while "$ref" in schema:
            node = self.document
            for key in schema["$ref"].removeprefix("#/").split("/"):
                node = node[key]
            schema = node
        return schema

    def complaints(self, value, schema, at="answer"):
        """All the ways in which value is not what schema says."""
        schema = self.resolve(schema)
        unknown = set(schema) - KNOWN
        if unknown:
            return [f"{at}: the test does not understand {unknown}"]
        if "anyOf" in schema:
            each = [self.complaints(value, s, at) for s in schema["anyOf"]]
            return [] if any(not c for c in each) else min(each, key=len)
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(is_a(value, t) for t in types):
            return [f"{at}: {value!r:.60} is no {'/'.join(types)}"]
        out = []
        if "enum" in schema and value not in schema["enum"]:
            out.append(f"{at}: {value!r:.60} is none of {schema['enum']}")
        if isinstance(value, list) and "items" in schema:
            for i, v in enumerate(value):
                out += self.complaints(v, schema["items"], f"{at}[{i}]")
        if isinstance(value, dict) and "properties" in schema:
            for name in schema["required"]:
                if name not in value:
                    out.append(f"{at}: {name} is missing")
            for name, v in value.items():
                if name in schema["properties"]:
                    out += self.complaints(v, schema["properties"][name], f"{at}.{name}")
                elif schema.get("additionalProperties") is False:
                    out.append(f"{at}: {name} is not described")
        return out

    def error_complaints(self, value):
        return self.complaints(value, {"$ref": "#/components/schemas/Error"}, "error")


def is_a(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return {"null": value is None, "boolean": isinstance(value, bool), "string": isinstance(value, str),
            "array": isinstance(value, list), "object": isinstance(value, dict)}[name]
