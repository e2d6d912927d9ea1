"""The sentences of docs/reference that code does not hold: what a permission, a code, a key or a function means."""

from __future__ import annotations

from admin_app.exchange.spreadsheet import MOST_BYTES

INTRODUCTIONS = {
    "settings": """
An installation reads these environment variables once, at start. Options of a command go before them.
""",
    "permissions": """
What is not marked here is refused. A post gives its permissions over the place where it is held and everything below
it. ✓ has it; (✓) has it while the installation works without separate officers. The matrix is
[permissions.yaml](../../workflows/packs/standard/permissions.yaml); it cannot be changed in the browser yet.
""",
    "roles": """
A role sees the fields of a record up to its class: P0 school and grade, P1 names, P2 numbers, phones and addresses
(masked until revealed), P3 counselling, health and family.
""",
    "commands": """
The site is driven by one command, `shouwang` (also `python -m admin_app`). It exits 0 when all is well, 1 when what it
checked falls short, 2 when it was called wrongly. With `--json` it prints one JSON document and nothing else.
`--database URL`, before the subcommand, names another database than the settings do.
""",
    "roster codes": """
What the check of a register says about its rows. One code a row: the first that applies, in this order. `row` is the
number that the spreadsheet program shows.
""",
    "expressions": """
A condition is one line of Python syntax, of which only this is taken: names, texts in quotes, numbers, `True` and
`False`, `and` `or` `not`, `==` `!=` `<` `<=` `>` `>=`, `in` and `not in` with a list, `+ - * /`, and the functions
below. Everything else is refused with its line and column. Names and functions are typed: a comparison of a text with
a number is refused when the definition is checked, not when a case arrives.

Nothing fails while a condition runs. A value that is missing makes every comparison with it false; `not` is the plain
opposite of that. Texts have no order. Two dates may be subtracted, a number of days added to a date. A number has up to
twelve digits before the point and six after it; what is computed is rounded to that, and beyond it is missing.

In a form, `items.cost` is the list of what was answered in the column `cost` of the rows `items`, and `value` is such
an expression of any type. The condition of a rule (`must`) is asked more carefully: it is broken only when it is
certain not to hold, so that what is missing refuses nothing; `a or b` holds when either is certain, whatever the other
lacks.

The same condition filters lists (`shouwang case list --where`, the page 按条件筛选) and chooses the cases of a bulk
move; the database gives the same answer as a guard does. There it may name the state and dates of the case, plain
answers of its forms (P0 and P1; no long texts, files or repeated rows) and plain columns of the child or the place.
What is protected or has to be counted is refused with its place.
""",
    "facts": """
A form's conditions may also name its own fields. P2 and P3 facts can be used in a guard or a form's condition, not in a
query.
""",
}

PERMISSIONS = {
    "child:list": "list children and find them by name, reading or initials",
    "child:read": "open a child's page; the opening goes on record",
    "child:edit": "change a child's facts, relatives and calling order",
    "child:reveal": "see one masked number or address in clear, with a reason that goes on record",
    "child:export": "export the list of children; the export goes on record",
    "child:changes": "read what happened to a child, from the audit trail",
    "child:move": "move a child to another class of the school",
    "roster:import": "check and import a register",
    "roster:undo": "take an import back within 24 hours",
    "heading:manage": "teach the importer the office's own heading words",
    "wave:open": "open the term's wave of identification",
    "turn:manage": "take a school into the next school year",
    "case:list": "list cases",
    "case:read": "open a case; the opening goes on record",
    "case:act": "take transitions; which ones, the workflow says",
    "case:watch": "keep an eye on a case until a day, and end that again",
    "record:list": "list dated records: talks, visits, calls, tests, meetings, diary, help plans",
    "record:read": "open a dated record, its photos and files; print it",
    "record:write": "write dated records on the forms that name the role",
    "record:void": "correct and void one's own records",
    "record:mend": "correct and void others' records",
    "record:export": "take the list of records as a sheet",
    "inspection:list": "list the inspections of the places: state, score, open findings, limits",
    "inspection:draw": "draw places by lot and open an inspection at each",
    "report:read": "read the filing rate and the figures",
    "audit:read": "read the audit trail",
    "place:read": "see the organisation tree",
    "place:manage": "add, change and close places",
    "staff:read": "see staff and their posts",
    "staff:manage": "add accounts, change them, draw a new first password",
    "staff:activate": "let an account log in, or lock it",
    "staff:appoint": "give and end posts",
    "term:manage": "keep school years, terms and the calendar",
    "channel:manage": "set up where messages go outside",
    "setting:manage": "switch the three officers on or off",
}

OTHER_VARIABLES = {
    "SHOUWANG_BROWSER_REQUIRED": "`1`: a machine without Chromium or a Chinese font fails the browser tests instead of "
    "leaving them out.",
    "SHOUWANG_CHROMIUM": "The Chromium that the browser tests drive, where it is not found by itself.",
    "SHOUWANG_SHOTS": "A folder in which the browser tests leave pictures.",
}

SWITCHES = {
    "officers.separate": "`true` (as installed): system, security and audit officer are separate accounts. "
    "`false`: the office does their work (the permissions in brackets in [permissions](permissions.md)), for small "
    "schools.",
}

COMMANDS = {
    "bench": "The project's own measurements, by name or `all`; run from the source folder.",
    "roster check": "Reads a register in any layout and says what would be accepted; stores nothing.",
    "roster import": "Checks a register and stores the accepted rows: children, relatives, identification cases.",
    "roster undo": "Takes an import back while nothing was built on it, within 24 hours.",
    "case list": "Lists the cases that a person may see.",
    "case show": "Shows one case: what the person may do now, and why not the rest.",
    "case act": "Takes one transition, with the same checks as the screen.",
    "case bulk": "Takes one transition in all cases that a condition selects; those refused are listed with reasons.",
    "definitions check": "Checks files or folders of definitions as publishing does; exits 1 when there are problems.",
}

ROSTER_REFUSED = {
    "bad_check_digit": (
        "The check digit or the birth date inside does not hold.",
        "Copy the number from the document.",
    ),
    "sex_conflicts_with_id": ("The sex written is not the one in the id-number.", "Correct whichever is wrong."),
    "birth_conflicts_with_id": (
        "The birth date written is not the one in the id-number.",
        "Correct whichever is wrong.",
    ),
    "missing_name": ("The name is empty.", "Fill it in."),
    "short_phone": ("A phone number lacks digits.", "Complete it, or leave the cell empty."),
    "unknown_care_situation": ("The care situation is no word that the standard list knows.", "Use one of the four."),
    "future_birth": ("The birth date lies after today.", "Correct the year."),
    "id_15_digits": ("The id-number has the old 15 digits.", "Confirm the 18 digits that the message proposes."),
    "duplicate_in_file": ("An earlier row is the same child; the message names it.", "Delete one of them."),
    "already_on_file": (
        "The child is on file already.",
        "Delete the row; a child of another school is transferred.",
    ),
    "bad_phone": ("A phone number cannot be one.", "Correct it, or leave the cell empty."),
    "unknown_sex": ("The sex is neither 男 nor 女.", "Correct it."),
    "unreadable_date": ("A birth date cannot be read, and there is no id-number that gives it.", "Write 2015-03-09."),
}

ROSTER_WARNINGS = {
    "fullwidth_id": "The id-number was typed in full-width characters; they were made half-width.",
    "lowercase_x": "The final x of the id-number was made upper case.",
    "phone_float": "The phone number stood as a decimal number; its digits were taken.",
    "text_date": "A date was neither a date cell nor ISO text, and was recognised.",
    "unknown_class": "The class or grade cannot be read; the child is placed without it.",
    "unknown_yes_no": "A yes-or-no cell says neither; it is left empty.",
    "unreadable_age": "An age is no number up to 120; it is left empty.",
    "uncertain_date": "A birth date is told to the month only, or a date cannot be read and is left out.",
}

ROSTER_FILES = {
    "empty_file": "There is nothing in the file, or a head without rows.",
    "unreadable_file": "It is no spreadsheet and no text table, or it is damaged or locked by a password.",
    "file_too_big": f"It is larger than {MOST_BYTES // 1024 // 1024} MB, or unpacks to far more than a table would.",
    "too_many_rows": "It has more rows, columns or cells than the importer takes.",
    "no_heading_found": "No row was recognised as a head.",
    "missing_required_heading": "There is no column for the name.",
    "field_mapped_twice": "Two columns were chosen for one field.",
    "unknown_field": "A column was given a field that does not exist.",
}

FUNCTIONS = {
    "today": "today's date where the schools are",
    "now": "the present moment",
    "days_since": "days from `d` to today",
    "days_until": "days from today to `d`",
    "age": "completed years of someone born on `d`",
    "date_of": "the local date of the moment `t`",
    "month": "the month of `d`, 1 to 12",
    "len": "letters of a text, or items of a list",
    "lower": "the text with A to Z made small",
    "contains": "whether `part` stands in `t`",
    "starts_with": "whether `t` begins with `part`",
    "present": "whether `x` is filled in",
    "missing": "whether `x` is not filled in",
    "coalesce": "the first value that is filled in",
    "choose": "`a` where the condition `c` holds, else `b`",
    "round": "the nearest whole number, half of one away from zero",
    "sum": "all items added up, 0 for none; for forms only",
    "min": "the smallest or earliest item; for forms only",
    "max": "the largest or latest item; for forms only",
    "all_different": "whether no two items are the same; for forms only",
}

# Keys that publishing checks and that no part of the program carries out yet.
NOT_YET = {("State", "cadence"), ("Transition", "verb")}

DEFINITION_KEYS = {
    "Workflow": {
        "workflow": "the workflow's own key",
        "title": "its name",
        "prefix": "what case numbers begin with: `MD-2026-0147`",
        "subject": "what a case is about",
        "confidential": "marks the case page as confidential",
        "one_open_per_subject": "a second open case about one subject is refused",
        "per": "`term`: a case belongs to the term of its opening; once it ended `ok`, none is begun again in it",
        "open": "who opens a case, and how",
        "participants": "who takes part in a case, by relation; `helper@case` means that person",
        "unique": "what no two open cases may have in common",
        "quota": "how many open cases a place or a person may have at most",
        "key_facts": "answers shown as pairs wherever the case stands in a list",
        "states": "the states by key, in the order of the step bar",
        "transitions": "the ways between them by key, in the order of the buttons",
        "limits": "what has to happen within a time whatever state a case is in, by key: several clocks side by side",
        "verbs": "what may be done with a case beside its transitions",
        "papers": "what its cases are printed as, beside everything there is, by key: the last part of the address",
        "views": "ledgers beside the list of its cases, by key",
    },
    "View": {
        "label": "its name",
        "where": "a condition that the database can answer: plain facts and answers of class P0 and P1",
    },
    "Paper": {
        "title": "the heading",
        "copies": "a page for each, marked with whose it is",
        "facts": "pairs on top: answers of the case by key, or facts of its subject such as `guardian.phone`, masked",
        "parts": "what stands below, in order; those that print anything are numbered",
        "signed_by": "cells to sign in",
    },
    "PaperPart": {
        "title": "the heading of the part",
        "form": "prints what one of these forms was filled in with: the latest",
        "each": "every time it was filled in, not the latest alone",
        "blank": "printed empty while it may still be filled in",
        "fields": "prints answers of the case; a choice whose answers say how often is a table of duties with boxes",
        "says": "wording, numbered where there are several sentences",
        "trail": "prints every step: when, what, by whom, with which opinion or reason",
    },
    "Signer": {
        "label": "who signs",
        "says": "what they declare",
        "seal": "keeps a place for a seal",
    },
    "Opening": {
        "by": "who may open a case",
        "form": "the form filled in at opening",
        "require": "fields that must be filled in",
        "when": "a condition on the subject",
        "explain": "what is said when the condition does not hold",
    },
    "Participation": {
        "from": "the `person` or `place` field that names them, or `opener`",
        "as": "the role whose permissions the part gives over the case and its child",
        "holders": "with a `place` field: the role whose holders there take part",
    },
    "Unique": {
        "of": "`subject` or fields of the workflow's forms",
        "unless": "a condition under which the rule does not hold",
        "explain": "what is said to whoever asks for a second one",
    },
    "Quota": {
        "per": "`class`, `school`, `township`, `county`, `city`, or a relation",
        "at_most": "how many",
        "override": "a field in which a reason lets one more through",
        "explain": "what is said when the quota is full",
    },
    "State": {
        "label": "its name",
        "kind": "exactly one `start`, at least one `end`",
        "tag": "the colour of its label",
        "step": "its place in the step bar; two states may share one",
        "help": "what is to be done here",
        "tasks": "whom the state asks",
        "deadline": "how long it may last",
        "cadence": "what is owed again and again while a case stands here",
    },
    "Tasks": {
        "who": "whose inbox it comes to; they may also take transitions that name nobody",
        "mode": "all must agree, any one, or a ratio",
        "ratio": "with `mode: ratio`, such as `2/3`",
        "order": "at once or one after the other",
        "opinion": "whether a decision needs words",
        "sign": "whether it is signed",
        "seats": "a seat for each of the `persons`, or one for each of the `posts`, which any holder takes",
        "nobody": "where nobody is meant: `wait` for an appointment, `refuse` to enter, ask one level `up`, or `skip`",
        "same_as_opener": "where the one asked opened the case: `allow`, ask one level `up`, or `skip`",
        "same_as_last": "where the one asked made the step before: `ask` again, or `skip`",
    },
    "Deadline": {
        "after": "how long",
        "since": "the fact it counts from, instead of entering the state",
        "at": "the ladder: `80%: remind`, `100%: urge`, `150%: assign office@township`",
        "pause": "when the clock stands still",
    },
    "Limit": {
        "after": "how long",
        "since": "the fact it counts from, instead of the moment it starts",
        "at": "the ladder, as of a deadline",
        "pause": "when the clock stands still",
        "label": "what has to happen, as the case's page says it",
        "when": "starts it with the first move after which it holds; without one it starts with the case",
        "met": "the transitions that stop it",
        "met_at": "the answer that tells when it happened: `case.told_at`; without one the moment of the transition",
    },
    "CadenceRule": {
        "form": "what is filled in each time",
        "every": "how often: `2 weeks`, `term`, `half_term`, `school_year`, `holiday`",
        "by": "who owes it",
        "at_least": "how many times in each period",
    },
    "Transition": {
        "label": "the words on its button",
        "from": "states it leaves; `any` is every state that is not an end",
        "to": "the state it leads to; `any_visited` lets the person choose among the states the case was in",
        "by": "who may take it; empty: those whom the state asks",
        "form": "the form to fill in",
        "when": "the guard: a condition that must hold",
        "explain": "what is said when the guard does not hold, instead of the condition in words",
        "require": "fields that must be filled in; without a form `reason`, `opinion` or `signature`",
        "verb": "the usual act it stands for",
        "effects": "what else happens: `focus`, `unfocus`, `archive`, `reopen`, `release` or `move child`",
        "decided": "`tasks`: taken by itself when the tasks are decided",
        "not_same_person_as": "another transition: whoever took that one may not take this one",
        "style": "how its button looks",
        "confirm": "a question asked before it is taken",
    },
    "Form": {
        "form": "the form's own key",
        "title": "its name",
        "help": "what the form is for",
        "subject": "whose facts its conditions may use",
        "record": "makes it a form of dated records about children",
        "card": "makes it the contact card of a child (`contact_card`)",
        "sections": "titled groups of fields, in order",
        "fields": "the questions, in order",
        "knows": "answers of the case's other forms that its conditions may read, as `case.` and their key",
        "rules": "what must hold of several answers together",
        "advise": "what is said before it is sent, and on the case's page, while a condition holds; forbids nothing",
    },
    "Advice": {
        "when": "the condition: the form's own fields, the subject's facts, `helper.sex` of a `person` field `helper`",
        "text": "what is said",
    },
    "RecordHead": {
        "happened_on": "the date field of the day it is about: required, of class P1 at most, shown unconditionally",
        "by": "the roles that write such records; they need `record:write` too",
        "icon": "a name of the icon sprite",
        "verb": "what writing one is called on a button",
        "several": "one record may be written for several children; each has a row of its own",
        "summary": "the fields that lists (classes P0 and P1) and timelines show",
        "counts_as": "the evidence it gives: `talk`, `home_visit`, `call`, `letter`, `video`, `diary`, `test`, "
        "`meeting`, `help`, or the required choice field whose options are such words",
        "printed": "a card for each record, or a log of the child's records of a term",
        "signed_by": "signature cells on paper",
    },
    "CardHead": {
        "note": "a sentence below the numbers",
        "numbers": "roles whose names and numbers stand on it, at the class and the school",
        "signed_by": "cells to sign in",
    },
    "Section": {
        "key": "its key",
        "title": "its name",
        "help": "a sentence under the title",
        "confidential": "shown apart",
        "folded": "closed at first on the page where a record is written",
    },
    "FormField": {
        "key": "its key; the name by which conditions of the form read the answer",
        "type": "what kind of answer",
        "label": "the question",
        "help": "a sentence under it",
        "section": "the group it stands in",
        "width": "half or full width",
        "required": "must be answered",
        "options": "the answers of a choice: a list, or the name of a code list",
        "all_required": "every box of a `multi_choice` must be ticked",
        "class": "protection: `P2` and `P3` are stored sealed",
        "bind": "the fact that the answer is written to, such as `child.health`",
        "visible_when": "asked only when this holds",
        "required_when": "must be answered when this holds",
        "max_length": "letters at most (`text`, `long_text`)",
        "min": "smallest number or earliest day",
        "max": "largest number or latest day",
        "among": "roles of a `person`, kinds of a `place` to choose from",
        "within": "an answer of the case that names the place around the places offered",
        "elsewhere": "leaves out the places where the child is now",
        "prefill": "the fact that stands there at first",
        "value": "the answer is computed, whatever was typed: an expression of any type over answers and facts",
        "columns": "of `rows`: the questions of each row",
        "most": "of `rows`: how many rows at most",
        "preset": "of `rows`: the rows to begin with",
        "rules": "of `rows`: what must hold in each row; it may read the form around it",
    },
    "Rule": {
        "must": "the condition that must hold",
        "text": "the sentence for whoever breaks it",
        "at": "the field, or fields, at which the sentence stands; of a rule of rows, columns",
    },
    "CaseFact": {
        "key": "the key of the answer; conditions read `case.` and it",
        "type": "what kind of answer it is",
        "class": "its protection: that of the field, or a higher one",
    },
    "Option": {
        "value": "what is stored",
        "label": "what is shown",
        "often": "of a duty: how often it is due",
        "evidence": "of a duty: what shows that it was done",
    },
    "Selection": {
        "selection": "the selection's own key",
        "title": "its name",
        "help": "what is chosen, and by whom",
        "by": "the roles that choose; they need `child:edit` too",
        "marks": "what a choice writes on the child: `focus` and why",
        "at_least": "fewer in a class are warned of",
        "at_most": "more in a class are warned of; so many are proposed",
        "among": "which children of the class there are to choose from",
        "counted_for": "how far back `evidence` counts, in days, weeks or months",
        "reasons": "what speaks for a child; their order is the order of the children",
        "against": "what speaks against a child; of equals those with less of it come first",
        "lacks": "what a child must have and has not; shown first, in red",
    },
    "Ground": {
        "key": "its key",
        "when": "the condition: facts of class P1 at most, and counts (`evidence`) but `evidence.open_cases`",
        "says": "what is said where it holds",
    },
    "Label": {"zh": "Chinese", "en": "English; where empty, Chinese is shown"},
}
