// Loaded before an origin: its clock is a day behind.
const dayMs = 86_400_000;
const RealDate = Date;

class LateDate extends RealDate {
  constructor(...given: [] | [number | string | Date]) {
    super(given[0] ?? LateDate.now());
  }

  static override now(): number {
    return RealDate.now() - dayMs;
  }
}

globalThis.Date = LateDate as DateConstructor;
