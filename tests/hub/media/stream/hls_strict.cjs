// Reads a JSON list of playlists from stdin and writes, for each, what hls-parser in strict mode makes of it.
// Arguments: a file in the folder whose node_modules are used.
const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");

const HLS = createRequire(process.argv[2])("hls-parser");
HLS.setOptions({ strictMode: true });

function read(text) {
  try {
    return { playlist: HLS.parse(text) };
  } catch (error) {
    return { error: error.message };
  }
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(read)));
