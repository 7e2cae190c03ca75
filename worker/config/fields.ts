// The kinds of field that the schema is made of. The message of each is what it wants.
import * as v from 'valibot';
import { type Flaw, problemOf, type Problem, wantedInstead } from './problems.ts';

type Field<Input, Output = Input> = v.GenericSchema<Input, Output>;
type Input<E extends v.ObjectEntries> = v.InferInput<v.ObjectSchema<E, undefined>>;
type Output<E extends v.ObjectEntries> = v.InferOutput<v.ObjectSchema<E, undefined>>;

/** A value that `test` accepts. */
export function value<T>(wanted: string, test: (value: unknown) => boolean): Field<T> {
  return v.custom<T>(test, wanted);
}

export function text(wanted: string, test: (text: string) => boolean) {
  return value<string>(wanted, (found) => typeof found === 'string' && test(found));
}

export function whole(min: number, max: number, unit?: string) {
  const wanted = `a whole number ${unit === undefined ? '' : `of ${unit} `}from ${min} to ${max}`;
  return value<number>(
    wanted,
    (found) => Number.isInteger(found) && Number(found) >= min && Number(found) <= max,
  );
}

export function flag() {
  return value<boolean>('true or false', (found) => typeof found === 'boolean');
}

export function oneOf<const T extends string | number>(choices: readonly T[], remark = '') {
  return value<T>(`${either(choices)}${remark}`, (found) => choices.some((choice) => choice === found));
}

function either(choices: readonly (string | number)[]): string {
  const shown = choices.map((choice) => JSON.stringify(choice));
  return [shown.slice(0, -1).join(', '), ...shown.slice(-1)].filter((part) => part !== '').join(' or ');
}

/** A list of `item`, `min` to `max` long; `told` is the least that its message speaks of. */
export function list<In, Out>(
  item: Field<In, Out>,
  min: number,
  max: number,
  things: string,
  told = min,
): Field<readonly In[], readonly Out[]> {
  const fits = (found: unknown) => Array.isArray(found) && found.length >= min && found.length <= max;
  return v.pipe(value<readonly In[]>(`a list of ${told} to ${max} ${things}`, fits), v.array(item));
}

/** An object with these fields and no others. */
export function block<const E extends v.ObjectEntries>(entries: E): Field<Input<E>, Output<E>> {
  const names = Object.keys(entries);
  const missing = (issue: { expected: string | null }) => wantedFor(entries, issue.expected ?? '');
  const fields = v.objectWithRest(entries, v.never(names.join(' ')), missing);
  return v.pipe(value<v.InferInput<typeof fields>>(`an object with ${names.join(', ')}`, isRecord), fields);
}

/** valibot names a missing field in quotes; what the field wants is its message. */
function wantedFor(entries: v.ObjectEntries, quoted: string): string {
  const field = entries[quoted.slice(1, -1)];
  return field !== undefined && 'message' in field ? String(field.message) : 'a value';
}

// A list or a Map is an object too; taken for one without fields it would become all defaults.
export function isRecord(found: unknown): found is Readonly<Record<string, unknown>> {
  return Object.prototype.toString.call(found) === '[object Object]';
}

/** A field with a rule across its parts, which runs when the whole field is well-formed. */
export function ruled<In, Out>(
  field: Field<In, Out>,
  rule: (value: NoInfer<Out>) => readonly Flaw[],
): Field<In, Out> {
  const check = v.rawCheck<Out>(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    for (const { at, wanted, found } of rule(dataset.value))
      addIssue({ message: wanted, input: found, ...pathOf(at) });
  });
  return v.pipe(field, check);
}

function pathOf(at: readonly PropertyKey[]) {
  const [first, ...rest] = at.map(
    (key) => ({ type: 'unknown', origin: 'value', input: undefined, key, value: undefined }) as const,
  );
  return first === undefined ? {} : { path: [first, ...rest] satisfies v.RawCheckIssueInfo<unknown>['path'] };
}

export function problemFrom(issue: v.BaseIssue<unknown>): Problem {
  const at = (issue.path ?? []).map((item) => String(item.key));
  if (issue.type !== 'never') return problemOf({ at, wanted: issue.message, found: issue.input });
  const name = at.at(-1) ?? '';
  return problemOf({ at, wanted: wantedInstead(name, issue.message.split(' ')), found: name });
}
