// A software bill of materials (CycloneDX 1.6) from lock files: NuGet's packages.lock.json and npm's package-lock.json. The same lock files give the same
// bytes, so that two builds can be compared.
// Usage: node sbom.mjs --name NAME --version VERSION LOCKFILE... > sbom.cdx.json
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: { name: { type: 'string' }, version: { type: 'string' } },
  allowPositionals: true,
});
if (!values.name || !values.version || positionals.length === 0) {
  console.error('sbom: expected --name NAME --version VERSION LOCKFILE...');
  process.exit(2);
}

const components = new Map();
const dependencies = new Map();

function add(purl, name, version, sha512Base64) {
  components.set(purl, {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    ...(sha512Base64 && { hashes: [{ alg: 'SHA-512', content: Buffer.from(sha512Base64, 'base64').toString('hex') }] }),
    purl,
  });
  if (!dependencies.has(purl)) {
    dependencies.set(purl, new Set());
  }
}

// { dependencies: { framework: { id: { type, resolved, contentHash, dependencies: { id: range } } } } }; projects have no version.
function readNuget(lock) {
  for (const packages of Object.values(lock.dependencies)) {
    const purls = new Map();
    for (const [id, entry] of Object.entries(packages)) {
      if (entry.resolved) {
        const purl = `pkg:nuget/${id}@${entry.resolved}`;
        purls.set(id.toLowerCase(), purl);
        add(purl, id, entry.resolved, entry.contentHash);
      }
    }

    for (const [id, entry] of Object.entries(packages)) {
      for (const needed of Object.keys(entry.dependencies ?? {})) {
        const from = purls.get(id.toLowerCase());
        const to = purls.get(needed.toLowerCase());
        if (from && to) {
          dependencies.get(from).add(to);
        }
      }
    }
  }
}

// { packages: { "node_modules/a/node_modules/b": { version, integrity, dev } } }; the empty path is the project itself.
function readNpm(lock) {
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path !== '' && !entry.link && !entry.dev) {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      const sha512 = entry.integrity?.split(' ').find(part => part.startsWith('sha512-'))?.slice('sha512-'.length);
      add(`pkg:npm/${name.replace('@', '%40')}@${entry.version}`, name, entry.version, sha512);
    }
  }
}

for (const path of positionals) {
  const lock = JSON.parse(readFileSync(path, 'utf8'));
  if (lock.packages && lock.lockfileVersion >= 2) {
    readNpm(lock);
  } else if (lock.dependencies && basename(path).endsWith('.lock.json')) {
    readNuget(lock);
  } else {
    console.error(`sbom: ${path} is neither a packages.lock.json of NuGet nor a package-lock.json of npm 7 or newer`);
    process.exit(1);
  }
}

const byRef = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
console.log(JSON.stringify({
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  version: 1,
  metadata: { component: { type: 'application', name: values.name, version: values.version } },
  components: [...components.values()].sort((a, b) => byRef(a.purl, b.purl)),
  dependencies: [...dependencies].sort(([a], [b]) => byRef(a, b)).map(([ref, on]) => ({ ref, dependsOn: [...on].sort(byRef) })),
}, null, 2));
