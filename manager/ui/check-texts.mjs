#!/usr/bin/env node
// Says what is missing in the catalogues: a key in one language only, a key that the code names and no catalogue has, a key that
// nothing names, an operation, job, stage or error of the tables without words.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const read = (path) => readFileSync(join(here, path), 'utf8');
const catalogues = Object.fromEntries(readdirSync(join(here, 'lib/texts')).filter((file) => file.endsWith('.json')).map((file) =>
    [file.replace('.json', ''), new Map(Object.entries(JSON.parse(read(`lib/texts/${file}`))))]));
const complaints = [];

const names = (sentence) => [...(sentence ?? '').matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort().join();
const verdicts = 'domains.verdicts.';

// English is what the others are measured by.
const [first, ...others] = Object.entries(catalogues).sort(([a], [b]) => Number(b === 'en') - Number(a === 'en'));
for (const [language, catalogue] of others) {
    for (const key of first[1].keys())
        if (!catalogue.has(key))
            complaints.push(`${language}: ${key} is missing`);
    for (const [key, text] of catalogue) {
        if (key.startsWith(verdicts))
            continue;
        if (!first[1].has(key))
            complaints.push(`${first[0]}: ${key} is missing`);
        else if (!/\.(zero|one)$/.test(key) && names(text) !== names(first[1].get(key)))
            complaints.push(`${language}: ${key} has other values than ${first[0]}`);
    }
}

const sources = ['lib', 'pages'].flatMap((folder) => readdirSync(join(here, folder), { recursive: true })
    .filter((file) => /\.(svelte|ts)$|page\.json$/.test(file) && !file.includes('generated')).map((file) => read(join(folder, file))));
const code = sources.join('\n');
const has = (key) => first[1].has(key) || first[1].has(`${key}.other`);

// Keys written out, and the fixed beginnings of those put together.
const named = new Set([...code.matchAll(/['"`]([a-z][\w-]*(?:\.[\w-]+)+)['"`]/g)].map((match) => match[1]));
const begun = [...code.matchAll(/`([a-z][\w.-]*\.)\$\{/g)].map((match) => match[1]);
for (const match of code.matchAll(/\bt\('([^'$]+)'/g))
    if (!has(match[1]))
        complaints.push(`${match[1]} is used and has no words`);
for (const match of code.matchAll(/"title": "([^"]+)"/g))
    if (!has(match[1]))
        complaints.push(`${match[1]} is a title and has no words`);

const table = (name) => readFileSync(join(here, '../../include/tbl', name), 'utf8');
for (const [, operation] of table('ops.h').matchAll(/^OP\(\w+, "([^"]+)"/gm))
    if (!has(`operations.${operation}`))
        complaints.push(`operations.${operation} has no words`);
for (const [, kind, stages] of table('jobs.h').matchAll(/^JOB\(\w+,\s*"([^"]+)",[^"]*"([^"]+)"/gm))
    for (const key of [`jobs.kind.${kind}`, ...stages.split('|').map((stage) => `jobs.${kind}.${stage}`)])
        if (!has(key))
            complaints.push(`${key} has no words`);
for (const [, error] of table('errors.h').matchAll(/^ERR\(\w+,\s*"([^"]+)"/gm))
    if (!has(`errors.${error}`))
        complaints.push(`errors.${error} has no words`);

// What the survey says comes from the box in English, so only the other languages have words for it, with the same facts or fewer.
const said = new Map([...readFileSync(join(here, '../dns/keys.h'), 'utf8').matchAll(/^KEY\(\w+,\s*"([^"]+)",\s*"[^"]+",\s*"((?:[^"\\]|\\.)*)",\s*(?:NULL|"((?:[^"\\]|\\.)*)")\)/gm)]
    .flatMap(([, key, sentence, hint]) => [[verdicts + key, sentence], ...(hint === undefined ? [] : [[`${verdicts}${key}.hint`, hint]])]));
// What the manager says where the last answer no longer fits.
for (const [, key] of readFileSync(join(here, '../domain/record.c'), 'utf8').matchAll(/\(Instead\) \{ "[^"]+", "([^"]+)"/g))
    said.set(verdicts + key, '{owner} {type}');
if (said.size < 100)
    complaints.push('the sentences of manager/dns/keys.h are not understood here');
for (const [language, catalogue] of others) {
    for (const [key, sentence] of said)
        if (!catalogue.has(key))
            complaints.push(`${language}: ${key} is missing`);
        else if (names(catalogue.get(key)).split(',').some((name) => name && !names(sentence).split(',').includes(name)))
            complaints.push(`${language}: ${key} has values that manager/dns/keys.h does not give`);
    for (const key of catalogue.keys())
        if (key.startsWith(verdicts) && !said.has(key))
            complaints.push(`${language}: ${key} is said nowhere`);
}

// Reasons the box gives stand in the other languages by the sentence itself: one that was written anew needs new words there, too.
const literals = new Set(['manager', 'include/tbl'].flatMap((folder) => readdirSync(join(here, '../..', folder), { recursive: true })
    .filter((file) => /(^|\/)(?!test-|fuzz-)[^/]+\.[ch]$/.test(file)).map((file) => readFileSync(join(here, '../..', folder, file), 'utf8'))).flatMap((source) =>
    [...source.matchAll(/"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*/g)].map(([text]) =>
        [...text.matchAll(/"((?:[^"\\\n]|\\.)*)"/g)].map((part) => part[1]).join('').replaceAll('\\"', '"'))));
const holes = (sentence) => (sentence.match(/%(?:\.(?:\d+|\*))?(?:l{1,2}|z)?[sdu]/g) ?? []).length;
for (const file of readdirSync(join(here, 'lib/texts/said')))
    for (const [sentence, words] of Object.entries(JSON.parse(read(`lib/texts/said/${file}`)))) {
        if (!literals.has(sentence) && !literals.has(sentence.replace(/%s$/, '')))
            complaints.push(`said/${file}: nothing says "${sentence}" any more`);
        if ([...words.matchAll(/\{(\d)\}/g)].some(([, at]) => Number(at) < 1 || Number(at) > holes(sentence)))
            complaints.push(`said/${file}: "${sentence}" has fewer values than its words`);
    }

const families = /^(operations|errors|jobs|findings|fix|noun|result|rule|service|secret|log\.detail|log\.actor|role|state|state\.person|start|search)\./;
for (const key of first[1].keys()) {
    // The last word may be the form of a plural.
    const known = [key, key.replace(/\.(zero|one|other)$/, '')].some((name) =>
        named.has(name) || begun.some((beginning) => name.startsWith(beginning)) || families.test(name) || /\.tile$/.test(name));
    if (!known)
        complaints.push(`${key} is used nowhere`);
}

for (const complaint of complaints)
    console.error(complaint);
console.log(`${first[1].size} sentences, ${Object.keys(catalogues).join(' and ')}, ${complaints.length} complaints`);
process.exit(complaints.length ? 1 : 0);
