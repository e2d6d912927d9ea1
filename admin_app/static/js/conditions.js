// Shows and hides the questions of form[data-conditions] as the server will judge them. The conditions come as trees of
// typed operators; nothing of them is run as code. Missing values, decimals and days are those of the server's engine.
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
};
const SEE_MISSING = {
  present: (x) => x !== null,
  missing: (x) => x === null,
  coalesce: (...all) => all.find((x) => x !== null) ?? null,
};

function evaluate(tree, facts, today) {
  const [kind, ...parts] = tree;
  const of = (part) => evaluate(part, facts, today);
  const both = (a, b, then) => { const x = of(a), y = of(b); return x === null || y === null ? null : then(x, y); };
  switch (kind) {
    case "value": return parts[0];
    case "number": return parts.length === 1 ? number(parts[0]) : both(parts[1], parts[2], COMPUTE[parts[0]]);
    case "day": return day(parts[0]);
    case "name": return facts.get(parts[0]) ?? null;
    case "list": return parts.map(of).filter((x) => x !== null);
    case "and": return parts.every((part) => of(part) === true);
    case "or": return parts.some((part) => of(part) === true);
    case "not": return of(parts[0]) !== true;
    case "compare": return both(parts[1], parts[2], (a, b) => ORDER[parts[0]](order(a, b))) ?? false;
    case "in": return both(parts[1], parts[2], (one, many) => many.some((x) => order(x, one) === 0) !== parts[0]) ?? false;
    case "days": return both(parts[1], parts[2], (a, b) => whole(a.day - b.day));
    case "move": return both(parts[1], parts[2], (a, b) => moved(a, b, parts[0] === "+" ? 1 : -1));
    case "call": {
      const given = parts.slice(1).map(of);
      if (parts[0] in SEE_MISSING) return SEE_MISSING[parts[0]](...given);
      return given.includes(null) ? null : FUNCTIONS[parts[0]](today, ...given);
    }
    default: throw new Error(`no such operator: ${kind}`);
  }
}

// Answers as the server reads them; null for none and for one that it would refuse.
const plain = (raw) => raw.replace(INVISIBLE, " ").replace(BLANKS, " ").trim();
const unanswered = (raw) => (Array.isArray(raw) ? raw.every(unanswered) : !plain(raw ?? ""));

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
  rows: (raw, field) => { const filled = raw.filter((row) => !unanswered(row)); return filled.length > field.most ? null : []; },
};
const chosen = (raw, field) => (field.options?.includes(plain(raw)) ? plain(raw) : null);

export function judge(plan, answers) {
  const facts = new Map(), today = day(plan.today), visible = [], required = [];
  for (const field of plan.fields) {
    if (field.visible && evaluate(field.visible, facts, today) !== true) continue;
    visible.push(field.key);
    if ("fixed" in field) {
      if (field.fixed) facts.set(field.key, evaluate(field.fixed, facts, today));
      continue;
    }
    if (field.always || (field.required && evaluate(field.required, facts, today) === true)) required.push(field.key);
    const raw = answers[field.key] ?? "";
    if (unanswered(raw)) continue;
    facts.set(field.key, (READERS[field.type] ?? chosen)(raw, field, today));
  }
  return { visible, required };
}

export function answersOf(form, plan) {
  const data = new FormData(form), found = {};
  for (const { key, type } of plan.fields) {
    if (type === "multi_choice") found[key] = data.getAll(key);
    else if (type === "photo" || type === "file") found[key] = data.getAll(key).filter((one) => one.name).map((one) => one.name);
    else if (type === "rows") found[key] = rowsOf(data, key);
    else found[key] = data.get(key) ?? "";
  }
  return found;
}

function rowsOf(data, key) {
  const rows = new Map();
  for (const [name, value] of data) {
    const found = name.startsWith(`${key}-`) && /^(\d{1,4})-[a-z0-9_]+$/u.exec(name.slice(key.length + 1));
    if (found) rows.set(found[1], [...(rows.get(found[1]) ?? []), value]);
  }
  return [...rows.values()];
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

function show(form, plan) {
  const { visible, required } = judge(plan, answersOf(form, plan));
  for (const field of plan.fields) {
    const box = form.querySelector(`[data-field="${CSS.escape(field.key)}"]`);
    if (!box) continue;
    if (field.visible) box.hidden = !visible.includes(field.key);
    if (field.required) mark(box, required.includes(field.key), form.dataset.requiredText ?? "");
  }
  for (const section of form.querySelectorAll(".form-section")) {
    const boxes = [...section.querySelectorAll("[data-field]")];
    if (boxes.length) section.hidden = boxes.every((box) => box.hidden);
  }
}

for (const form of document.querySelectorAll("form[data-conditions]")) {
  const plan = JSON.parse(form.dataset.conditions), again = () => show(form, plan);
  form.addEventListener("input", again);
  form.addEventListener("change", again);
  window.addEventListener("pageshow", again);
  again();
}
