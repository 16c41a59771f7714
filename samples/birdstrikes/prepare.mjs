// Makes the files of this folder from the published data set. Deterministic: the same source gives the same bytes.
//
//   npm pack vega-datasets@3.2.1 && tar xzf vega-datasets-3.2.1.tgz
//   node prepare.mjs package/data/birdstrikes.csv
//
// What it does and why is told in README.md.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE_SHA256 = '45777edf69984b37599e73dbfb34dbc976055243547407214261a4fcb9466462';
const folder = dirname(fileURLToPath(import.meta.url));

// Source column -> our column, in the order in which we write them. What is not listed is dropped.
const COLUMNS = [
  ['Flight Date', 'flight_date'],
  ['Aircraft Make Model', 'aircraft'],
  ['Aircraft Airline Operator', 'operator'],
  ['Origin State', 'origin_state'],
  ['Phase of flight', 'phase'],
  ['Wildlife Size', 'wildlife_size'],
  ['Wildlife Species', 'wildlife_species'],
  ['Time of day', 'time_of_day'],
  ['Speed IAS in knots', 'speed_knots'],
];

// Files by the dates they hold: [file, first month, last month], both inclusive.
const UPLOADS = [
  ['1990-1997', '1990-01', '1997-12'],
  ['1998', '1998-01', '1998-12'],
  ['1999', '1999-01', '1999-12'],
  ['2000', '2000-01', '2000-12'],
  ['2001', '2001-01', '2001-12'],
  ['2002-01-to-04', '2002-01', '2002-04'],
];
const HELD_BACK = ['2002-05-to-07', '2002-05', '2002-07'];

/** RFC 4180 rows of a text: quoted fields, doubled quotes, LF or CRLF. */
function parse(text) {
  const rows = [];
  let row = [], field = '', quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') field += c;
      else if (text[i + 1] === '"') { field += '"'; i++; }
      else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ',') { row.push(field); field = ''; }
    else if (c === '\n') { row.push(field); rows.push(row); row = []; field = ''; }
    else if (c !== '\r') field += c;
  }
  if (field !== '' || row.length > 0) { row.push(field); rows.push(row); }
  return rows;
}

const quote = (field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);
const write = (path, header, rows) => {
  const target = join(folder, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, [header, ...rows].map((row) => row.map(quote).join(',') + '\n').join(''));
  console.log(`${path}: ${rows.length} rows`);
};

const source = readFileSync(process.argv[2] ?? 'package/data/birdstrikes.csv');
const sha256 = createHash('sha256').update(source).digest('hex');
if (sha256 !== SOURCE_SHA256) {
  console.error(`${process.argv[2]} has SHA-256 ${sha256}; expected ${SOURCE_SHA256}, that of data/birdstrikes.csv in vega-datasets 3.2.1.`);
  process.exit(1);
}

const [header, ...rows] = parse(source.toString('utf8'));
const at = Object.fromEntries(header.map((name, index) => [name, index]));
const strikes = rows.map((row, index) => ({
  id: `strike-${String(index + 1).padStart(5, '0')}`,
  month: row[at['Flight Date']].slice(0, 7),
  features: COLUMNS.map(([name]) => row[at[name]]),
  damaged: String(row[at['Effect Amount of damage']] !== 'None'),
}));

const names = COLUMNS.map(([, name]) => name);
const between = ([, first, last]) => strikes.filter((strike) => strike.month >= first && strike.month <= last);
for (const file of UPLOADS) {
  write(`uploads/${file[0]}.csv`, ['strike_id', ...names, 'damaged'], between(file).map((s) => [s.id, ...s.features, s.damaged]));
}
write(`scoring/${HELD_BACK[0]}.csv`, ['strike_id', ...names], between(HELD_BACK).map((s) => [s.id, ...s.features]));
write(`labels/${HELD_BACK[0]}.csv`, ['strike_id', 'damaged'], between(HELD_BACK).map((s) => [s.id, s.damaged]));
