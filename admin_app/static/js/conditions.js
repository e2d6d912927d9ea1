// Judges form[data-conditions] as the server will: shows and hides questions, works out what is computed, says which rules
// are broken. All of it comes as trees of typed operators; nothing is run as code. Missing values, decimals and days are
// those of the server's engine.
const PLACES = 6;
const DAY_MS = 86400000, FIRST_DAY = -719162, LAST_DAY = 2932896;
const YES = new Set(["yes", "true", "on", "1", "y", "是", "有"]);
const NO = new Set(["no", "false", "off", "0", "n", "否", "无"]);
const BLANK = "\\t\\n\\v\\f\\r\\x1c-\\x1f \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const BLANKS = new RegExp(`[${BLANK}]+`, "gu");
const ENDS = new RegExp(`[${BLANK}]+$`, "u");
const OUTER = new RegExp(`^[${BLANK}]+|[${BLANK}]+$`, "gu");
const INVISIBLE = /[\u200b-\u200f\u202a-\u202e\u2060\ufeff\x00-\x08\x0b-\x1f\x7f]/gu;
const UNPRINTABLE = /(?! )[\p{C}\p{Z}]/gu;

// Decimals: whole millionths, twelve digits before the point, half a millionth away from zero; null beyond that.
const UNIT = 1000000n, LARGEST = 10n ** 18n;
const power = (n) => 10n ** BigInt(n);
const size = (c) => (c < 0n ? -c : c).toString().length;
const kept = (n) => (n > -LARGEST && n < LARGEST ? n : null);

function rounded(top, bottom) {
  const sign = (top < 0n) === (bottom < 0n) ? 1n : -1n, a = top < 0n ? -top : top, b = bottom < 0n ? -bottom : bottom;
  return sign * ((2n * a + b) / (2n * b));
}

// A written number: {c, e} stands for c × 10^e.
function written(text) {
  const found = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/iu.exec(text);
  if (!found || !(found[2] || found[3])) return null;
  const digits = (found[2] ?? "") + (found[3] ?? ""), e = Number(found[4] ?? 0) - (found[3] ?? "").length;
  return { c: BigInt(found[1] + digits), e, digits: digits.replace(/^0+(?=.)/u, "").length };
}

function number(text) {
  const { c, e } = written(text);
  if (c === 0n || e + size(c) < -PLACES) return 0n;
  if (e + size(c) - 1 > 2 * PLACES) return null;
  return kept(e >= -PLACES ? c * power(e + PLACES) : rounded(c, power(-e - PLACES)));
}

const COMPUTE = {
  "+": (a, b) => kept(a + b),
  "-": (a, b) => kept(a - b),
  "*": (a, b) => kept(rounded(a * b, UNIT)),
  "/": (a, b) => (b === 0n ? null : kept(rounded(a * UNIT, b))),
};
const whole = (n) => BigInt(n) * UNIT;

// Days: {day} counts from 1970-01-01.
function day(iso) {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/u.exec(iso);
  if (!found) return null;
  const at = new Date(0);
  at.setUTCFullYear(Number(found[1]), Number(found[2]) - 1, Number(found[3]));
  return at.toISOString().slice(0, 10) === iso ? { day: at.getTime() / DAY_MS } : null;
}

const calendar = (d) => {
  const at = new Date(d.day * DAY_MS);
  return [at.getUTCFullYear(), at.getUTCMonth() + 1, at.getUTCDate()];
};

function moved(d, days, sign) {
  const found = d.day + sign * Number(days / UNIT);
  return found < FIRST_DAY || found > LAST_DAY ? null : { day: found };
}

function age(born, today) {
  const [year, month, date] = calendar(today), [y, m, d] = calendar(born);
  return whole(year - y - (month < m || (month === m && date < d) ? 1 : 0));
}

function order(a, b) {
  if (typeof a === "string") return a === b ? 0 : 1;
  if (typeof a === "boolean") return a === b ? 0 : 1;
  if (typeof a === "object") return a.day - b.day;
  return a < b ? -1 : a > b ? 1 : 0;
}

const same = (x) => (typeof x === "object" ? `day ${x.day}` : `${typeof x} ${x}`);
const first = (all, ahead) => all.reduce((found, x) => (found === null || ahead(order(x, found)) ? x : found), null);

const ORDER = {
  "==": (n) => n === 0, "!=": (n) => n !== 0, "<": (n) => n < 0, "<=": (n) => n <= 0, ">": (n) => n > 0, ">=": (n) => n >= 0,
};
const FUNCTIONS = {
  days_since: (today, d) => whole(today.day - d.day),
  days_until: (today, d) => whole(d.day - today.day),
  age: (today, d) => age(d, today),
  month: (today, d) => whole(calendar(d)[1]),
  len: (today, x) => whole(Array.isArray(x) ? x.length : [...x].length),
  lower: (today, x) => x.replace(/[A-Z]/gu, (letter) => letter.toLowerCase()),
  contains: (today, x, part) => x.includes(part),
  starts_with: (today, x, part) => x.startsWith(part),
  round: (today, n) => kept(rounded(n, UNIT) * UNIT),
  sum: (today, all) => kept(all.reduce((a, b) => a + b, 0n)),
  min: (today, all) => first(all, (n) => n < 0),
  max: (today, all) => first(all, (n) => n > 0),
  all_different: (today, all) => new Set(all.map(same)).size === all.length,
};
const SEE_MISSING = {
  present: (x) => x !== null,
  missing: (x) => x === null,
  coalesce: (...all) => all.find((x) => x !== null) ?? null,
  choose: (c, a, b) => (c === true ? a : b),
};

// With `sure` the outcome is null as long as a missing value leaves it open: a rule refuses only what is certainly wrong.
function evaluate(tree, facts, today, sure = false) {
  const [kind, ...parts] = tree;
  const of = (part) => evaluate(part, facts, today, sure);
  const both = (a, b, then) => { const x = of(a), y = of(b); return x === null || y === null ? null : then(x, y); };
  const open = sure ? null : false;
  switch (kind) {
    case "value": return parts[0];
    case "number": return parts.length === 1 ? number(parts[0]) : both(parts[1], parts[2], COMPUTE[parts[0]]);
    case "day": return day(parts[0]);
    case "name": return facts.get(parts[0]) ?? null;
    case "list": return parts.map(of).filter((x) => x !== null);
    case "and": return joined(parts.map(of), false, sure);
    case "or": return joined(parts.map(of), true, sure);
    case "not": { const held = of(parts[0]); return sure && held === null ? null : held !== true; }
    case "compare": return both(parts[1], parts[2], (a, b) => ORDER[parts[0]](order(a, b))) ?? open;
    case "in": {
      const many = sure && parts[2][0] === "list" ? parts[2].slice(1).map(of) : of(parts[2]);
      return among(of(parts[1]), many, parts[0], open);
    }
    case "days": return both(parts[1], parts[2], (a, b) => whole(a.day - b.day));
    case "move": return both(parts[1], parts[2], (a, b) => moved(a, b, parts[0] === "+" ? 1 : -1));
    case "call": return called(parts[0], parts.slice(1), facts, today, sure);
    default: throw new Error(`no such operator: ${kind}`);
  }
}

function joined(found, deciding, sure) {
  if (found.includes(deciding) && (deciding || sure)) return deciding;
  if (!sure) return deciding ? false : found.every((x) => x === true);
  return found.includes(null) ? null : !deciding;
}

function among(one, many, negated, open) {
  if (one === null || many === null) return open;
  if (many.some((x) => x !== null && order(x, one) === 0)) return !negated;
  return many.includes(null) ? open : negated;
}

function called(name, parts, facts, today, sure) {
  const given = parts.map((part) => evaluate(part, facts, today, sure && name !== "present" && name !== "missing"));
  if (sure && name === "choose" && given[0] === null) return null;
  if (name in SEE_MISSING) return SEE_MISSING[name](...given);
  return given.includes(null) ? null : FUNCTIONS[name](today, ...given);
}

// Answers as the server reads them; null for none and for one that it would refuse.
const plain = (raw) => raw.replace(INVISIBLE, " ").replace(BLANKS, " ").trim();
const unanswered = (raw) => (Array.isArray(raw) ? raw.every(unanswered) : !plain(raw ?? ""));
const isBlank = (row, columns) => columns.every((one) => one.computed || unanswered(row[one.key]));

function paragraphs(raw, field) {
  const sent = raw.replace(/\r?\n/gu, "\r\n");
  if ([...sent].length > field.longest) return null;
  const lines = sent.replaceAll("\r\n", "\n").replaceAll("\t", " ").replaceAll("\r", "").split("\n");
  const kept = lines.map((line) => line.replace(UNPRINTABLE, "").replace(ENDS, "")).join("\n").replace(OUTER, "");
  return [...kept].length > field.most ? null : kept;
}

function line(raw, field) {
  const kept = plain(raw);
  return [...raw].length > field.longest || [...kept].length > field.most ? null : kept;
}

function amount(raw, field) {
  const text = plain(raw).normalize("NFKC").replace(/[, ]/gu, ""), found = written(text);
  if (!found) return null;
  const adjusted = found.c === 0n ? found.e + found.digits - 1 : found.e + size(found.c) - 1;
  if (found.digits > 18 || Math.abs(adjusted) > 18) return null;
  if (field.type === "integer" && found.e < 0 && found.c % power(-found.e) !== 0n) return null;
  const low = field.min && compared(found, written(field.min)) < 0;
  const high = field.max && compared(found, written(field.max)) > 0;
  return low || high ? null : number(text);
}

function compared(a, b) {
  const e = Math.min(a.e, b.e);
  return order(a.c * power(a.e - e), b.c * power(b.e - e));
}

function date(raw, field, today) {
  const found = day(plain(raw)), bound = (written) => (written === "today" ? today : day(written));
  if (!found || calendar(found)[0] < 1900 || calendar(found)[0] > 2200) return null;
  const low = field.min && found.day < bound(field.min).day, high = field.max && found.day > bound(field.max).day;
  return low || high ? null : found;
}

function several(raw, field) {
  const chosen = raw.filter((one) => !unanswered(one)).map(plain);
  if (chosen.some((one) => !field.options?.includes(one))) return null;
  const kept = (field.options ?? []).filter((one) => chosen.includes(one));
  return field.all && kept.length < field.options.length ? null : kept;
}

const READERS = {
  text: line,
  long_text: paragraphs,
  number: amount,
  integer: amount,
  date,
  yes_no: (raw) => { const said = plain(raw).toLowerCase(); return YES.has(said) ? true : NO.has(said) ? false : null; },
  multi_choice: several,
  photo: (raw, field) => (raw.length > field.most ? null : raw),
  file: (raw, field) => (raw.length > field.most ? null : raw),
};
const chosen = (raw, field) => (field.options?.includes(plain(raw)) ? plain(raw) : null);

// A computed value as an answer to its field; null where it would not be one.
function fitted(value, field) {
  if (value === null) return null;
  if (field.type === "integer") return value % UNIT === 0n ? value : null;
  if (field.type === "choice") return field.options?.includes(value) ? value : null;
  return typeof value === "string" && [...value].length > (field.most ?? Infinity) ? null : value;
}

// One pass over questions, or over those of a row inside what stands around it; `plan` is what the server sent.
function pass(plan, answers, facts, today) {
  const found = { visible: [], required: [], computed: {}, rows: {} };
  for (const field of plan.fields) {
    if (field.visible && evaluate(field.visible, facts, today) !== true) continue;
    found.visible.push(field.key);
    if (field.computed) {
      if (!field.value) continue;
      const value = fitted(evaluate(field.value, facts, today), field);
      found.computed[field.key] = value;
      facts.set(field.key, value);
      continue;
    }
    if (field.always || (field.required && evaluate(field.required, facts, today) === true)) found.required.push(field.key);
    const sent = answers[field.key] ?? "", raw = field.type === "multi_choice" ? [sent].flat() : sent;
    if (field.type === "rows") found.rows[field.key] = passRows(field, raw || [], facts, today);
    else if (!unanswered(raw)) facts.set(field.key, (READERS[field.type] ?? chosen)(raw, field, today));
  }
  for (const field of plan.fields) {
    for (const row of field.rules ? found.rows[field.key] ?? [] : []) {
      const around = within(facts, field.columns, (key) => row.facts.get(key) ?? null);
      if (!row.isBlank) row.broken = brokenOf(field.rules, row.visible, around, today);
    }
  }
  return { ...found, facts, broken: brokenOf(plan.rules ?? [], found.visible, facts, today) };
}

function brokenOf(rules, visible, facts, today) {
  const asked = rules.map((rule) => ({ ...rule, at: rule.at.filter((key) => visible.includes(key)) }));
  const broken = asked.filter((rule) => rule.at.length && evaluate(rule.must, facts, today, true) === false);
  return broken.map(({ at, text }) => ({ at, text }));
}

// What a row knows: what stands around it, and of its own columns only its own answers.
function within(facts, columns, answer) {
  const inner = new Map(facts);
  for (const { key } of columns) inner.set(key, answer(key));
  return inner;
}

// Rows one by one; a blank one is looked at for what it shows, and counts for nothing.
function passRows(field, rows, facts, today) {
  const columns = field.columns ?? [];
  const judged = rows.map((row) => {
    const around = within(facts, columns, () => null);
    return { isBlank: isBlank(row, columns), ...pass({ fields: columns }, row, around, today) };
  });
  const filled = judged.filter((row) => !row.isBlank);
  if (filled.length && filled.length <= field.most) {
    facts.set(field.key, filled);
    for (const { key } of columns) {
      facts.set(`${field.key}.${key}`, filled.map((row) => row.facts.get(key) ?? null).filter((x) => x !== null));
    }
  }
  return judged;
}

export function judge(plan, answers) {
  return pass(plan, answers, new Map(), day(plan.today));
}

// A value in words: decimals without idle zeros, the label of a choice.
export function inWords(value, field, words) {
  if (value === null) return words.none;
  if (typeof value === "boolean") return value ? words.yes : words.no;
  if (typeof value === "object") return new Date(value.day * DAY_MS).toISOString().slice(0, 10);
  if (typeof value === "string") return field.said?.[value] ?? value;
  const digits = (value < 0n ? -value : value).toString().padStart(PLACES + 1, "0");
  const parts = digits.slice(-PLACES).replace(/0+$/u, "");
  return `${value < 0n ? "-" : ""}${digits.slice(0, -PLACES)}${parts && `.${parts}`}`;
}

// What stands in the form's boxes; rows in the order of their numbers, with their numbers.
function answersOf(form, plan) {
  const data = new FormData(form), found = {}, numbers = {};
  for (const { key, type } of plan.fields) {
    if (type === "multi_choice") found[key] = data.getAll(key);
    else if (type === "photo" || type === "file") found[key] = data.getAll(key).filter((one) => one.name).map((one) => one.name);
    else if (type === "rows") [numbers[key], found[key]] = rowsOf(data, key);
    else found[key] = data.get(key) ?? "";
  }
  return [found, numbers];
}

function rowsOf(data, key) {
  const rows = new Map();
  for (const name of new Set(data.keys())) {
    const found = name.startsWith(`${key}-`) && /^(\d{1,4})-([a-z0-9_]+)$/u.exec(name.slice(key.length + 1));
    if (!found) continue;
    const sent = data.getAll(name), row = rows.get(Number(found[1])) ?? {};
    rows.set(Number(found[1]), Object.assign(row, { [found[2]]: sent.length > 1 ? sent : sent[0] }));
  }
  const numbers = [...rows.keys()].sort((a, b) => a - b);
  return [numbers, numbers.map((number) => rows.get(number))];
}

function mark(box, isRequired, word) {
  const head = box.querySelector(".field-head > span");
  let star = head?.querySelector(".required");
  if (isRequired && head && !star) {
    star = Object.assign(document.createElement("span"), { className: "required", title: word, textContent: "*" });
    head.append(star);
  }
  if (star) star.hidden = !isRequired;
  for (const control of box.querySelectorAll("input, select, textarea")) {
    if (control.hasAttribute("aria-required") || isRequired) control.setAttribute("aria-required", String(isRequired));
  }
}

// Takes the red from a box all of whose faults are mended.
function mend(box, said) {
  if (!said.length) return;
  const isBad = said.some((one) => !one.hidden);
  box.classList.toggle("has-error", isBad);
  if (box.matches("[data-rows]")) return;
  for (const control of box.querySelectorAll("[aria-invalid]")) control.setAttribute("aria-invalid", String(isBad));
}

// Below repeated rows the server says of each row what is wrong in it; what no row breaks any longer goes.
function mendRows(box, field, rows) {
  const said = [...(box?.querySelectorAll(":scope > .field-errors > .field-error") ?? [])];
  for (const { text } of field.rules ?? []) {
    const isBroken = rows.some((row) => row.broken.some((one) => one.text === text));
    for (const one of said) if (one.textContent.trim().endsWith(text)) one.hidden = !isBroken;
  }
  if (box) mend(box, said);
}

// Says below a box which rule its answer breaks; the same sentence that the server said goes once it is mended.
function tell(form, box, broken, texts, isSettled) {
  const said = [...box.querySelectorAll(":scope > .field-errors > .field-error")];
  for (const one of said) if (texts.has(one.textContent.trim())) one.hidden = !broken.includes(one.textContent.trim());
  mend(box, said);
  const state = box.querySelector(":scope > .field-state");
  const before = said.map((one) => one.textContent.trim()), told = broken.filter((text) => !before.includes(text));
  if (!state || (!told.length && !state.dataset.rule) || (!isSettled && !state.dataset.rule)) return;
  state.dataset.rule = told.length ? "1" : "";
  state.classList.toggle("is-bad", told.length > 0);
  if (state.dataset.told === told.join(" ")) return;
  state.dataset.told = told.join(" ");
  const icon = form.querySelector("template[data-rule-icon]")?.content.cloneNode(true);
  state.replaceChildren(...(told.length && icon ? [icon] : []), told.join(" "));
}

function showAll(form, plan, found, prefix, isSettled) {
  const words = { none: "—", yes: form.dataset.yesText ?? "", no: form.dataset.noText ?? "" };
  const boxOf = (key) => form.querySelector(`[data-field="${CSS.escape(prefix + key)}"]`);
  for (const field of plan.fields) {
    const box = boxOf(field.key);
    if (!box) continue;
    if (field.visible) box.hidden = !found.visible.includes(field.key);
    if (field.required) mark(box, found.required.includes(field.key), form.dataset.requiredText ?? "");
    if (field.value && field.key in found.computed) {
      const shown = found.isBlank ? words.none : inWords(found.computed[field.key], field, words);
      const output = box.querySelector("output");
      if (output && output.textContent !== shown) output.textContent = shown;
    }
  }
  const at = new Map();
  for (const rule of plan.rules ?? []) for (const key of rule.at) at.set(key, (at.get(key) ?? new Set()).add(rule.text));
  for (const [key, texts] of at) {
    const box = boxOf(key), broken = found.isBlank ? [] : found.broken.filter((one) => one.at.includes(key));
    if (box) tell(form, box, broken.slice(0, 1).map((one) => one.text), texts, isSettled);
  }
}

function show(form, plan, isSettled) {
  const [answers, numbers] = answersOf(form, plan), found = judge(plan, answers);
  showAll(form, plan, found, "", isSettled);
  for (const field of plan.fields) {
    if (!field.columns) continue;
    const inner = { fields: field.columns, rules: field.rules };
    for (const [at, row] of (found.rows[field.key] ?? []).entries()) {
      showAll(form, inner, row, `${field.key}-${numbers[field.key][at]}-`, isSettled);
    }
    mendRows(form.querySelector(`[data-field="${CSS.escape(field.key)}"]`), field, found.rows[field.key] ?? []);
  }
  for (const section of form.querySelectorAll(".form-section")) {
    const boxes = [...section.querySelectorAll("[data-field]")];
    if (boxes.length) section.hidden = boxes.every((box) => box.hidden);
  }
}

for (const form of document.querySelectorAll("form[data-conditions]")) {
  const plan = JSON.parse(form.dataset.conditions), settled = () => show(form, plan, true);
  form.addEventListener("input", () => show(form, plan, false));
  form.addEventListener("change", settled);
  form.addEventListener("rows:changed", settled);
  window.addEventListener("pageshow", settled);
  settled();
}
