// Prints which YAML files are valid: node validate.js SCHEMA FILE...; NODE_PATH names the folder of the packages.
"use strict";
const fs = require("node:fs");
const { Ajv2020 } = require("ajv/dist/2020");
const yaml = require("yaml");

const [schema, ...files] = process.argv.slice(2);
// In strict mode, a keyword that the standard does not have is an error. A type may be one of several.
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
const validate = ajv.compile(JSON.parse(fs.readFileSync(schema, "utf8")));

function isValid(file) {
  try {
    return validate(yaml.parse(fs.readFileSync(file, "utf8"), { logLevel: "error" }));
  } catch {
    return false; // it is no YAML
  }
}

console.log(JSON.stringify(Object.fromEntries(files.map((file) => [file, isValid(file)]))));
