// Writes the sample sources, always the same: `node mappings/sources/generate.mjs`.
// Everybody in them is made up; their mails are of example.com, their numbers of the fictional 555-01xx.
import { writeFileSync } from 'node:fs';

const FIRST_NAMES =
  'Ada:female Zoë:female Márton:male Søren:male Łucja:female José:male Anaïs:female Björn:male Chloé:female Dmitrij:male Eszter:female François:male Grace:female Håkon:male Inês:female Jürgen:male Kateřina:female Lucía:female Mehmet:male Noor:female Oisín:male Petra:female Quinn: Renée:female Şebnem:female Tomáš:male Ülle:female Vũ:male Wiebke:female 明:male 陽菜:female Ольга:female'
    .split(' ')
    .map((entry) => entry.split(':'));
const LAST_NAMES =
  "Byron Nuñez Kovács Åkerlund Wójcik García Lefèvre Lindström O’Brien Petrov Szabó Müller Hopper Østby Conceição Groß Dvořák Fernández Yılmaz de~Vries Ó~Súilleabháin Horváth Baker D'Angelo Çelik Novák Tamm Nguyễn Jansen 王 佐藤 Иванова".split(
    ' ',
  );
const PLACES = [
  ['San José', 'US-CA', '95110', 'US', 'Main St'],
  ['Malmö', 'SE-M', '211 34', 'SE', 'Östra Förstadsgatan'],
  ['Győr', 'HU-GS', '9021', 'HU', 'Széchenyi tér'],
  ['Kraków', 'PL-12', '30-001', 'PL', 'ulica Długa'],
  ['München', 'DE-BY', '80331', 'DE', 'Sendlinger Straße'],
  ['Lyon', 'FR-ARA', '69001', 'FR', 'rue de la République'],
  ['Washington, D.C.', 'US-DC', '20001', 'US', 'Florida Ave NW'],
];
const TIERS = ['bronze', 'silver', 'gold', 'platinum'];

// A linear congruential generator (Numerical Recipes): the same records on every machine.
let seed = 44;
const random = (below) => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};
const pick = (list) => list[random(list.length)];
const two = (number) => String(number).padStart(2, '0');
const sometimes = (outOf, value) => (random(outOf) === 0 ? '' : value);

function person(number) {
  const [firstName, gender] = pick(FIRST_NAMES);
  const [city, region, postalCode, country, street] = pick(PLACES);
  const joined = `${2016 + random(9)}-${two(1 + random(12))}-${two(1 + random(28))}`;
  const flat = random(4) === 0 ? `, flat ${1 + random(40)}` : '';
  const nickname = random(40) === 0 ? ' "Junior"' : '';
  return {
    customer_id: `crm-${10000 + number}`,
    email: `customer.${10000 + number}@example.com`,
    first_name: firstName,
    last_name: pick(LAST_NAMES).replaceAll('~', ' ') + nickname,
    birth_date: sometimes(6, `${1940 + random(66)}-${two(1 + random(12))}-${two(1 + random(28))}`),
    gender,
    mobile: sometimes(5, `+1 ${pick(['202', '408', '617'])} 555 01${two(random(100))}`),
    street: sometimes(9, `${1 + random(240)} ${street}${flat}`),
    city,
    region,
    postal_code: sometimes(15, postalCode),
    country,
    tier: pick(TIERS),
    points: sometimes(10, String(random(20000))),
    joined_at: `${joined}T${two(random(24))}:${two(random(60))}:${two(random(60))}Z`,
    newsletter: pick(['yes', 'no']),
  };
}

const quoted = (value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
const people = Array.from({ length: 2000 }, (_, index) => person(index));
const table = [
  Object.keys(people[0]).join(','),
  ...people.map((row) => Object.values(row).map(quoted).join(',')),
];
writeFileSync(new URL('crm-profiles.csv', import.meta.url), `${table.join('\n')}\n`);

const orders = Array.from({ length: 600 }, (_, index) => ({
  id: `order-${50000 + index}`,
  at: Date.UTC(2025, random(12), 1 + random(28), random(24), random(60)),
  customer: pick(people.map(({ customer_id: id, email }) => ({ id, email }))),
  total: { amount: (100 + random(50000)) / 100, currency: pick(['USD', 'EUR', 'SEK', 'HUF']) },
  lines: 1 + random(6),
  note: random(5) === 0 ? pick(['Liever ’s avonds', 'Ring “twice”, please', '門の前に']) : null,
}));
writeFileSync(
  new URL('web-orders.ndjson', import.meta.url),
  `${orders.map((order) => JSON.stringify(order)).join('\n')}\n`,
);
