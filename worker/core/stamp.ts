/** Where a stored state stands: the order of two is (epoch, version), never a clock. Version 0 is "nothing stored". */
export interface Stamp {
  readonly epoch: number;
  readonly version: number;
}

/** As HTTP writes it: a strong entity tag (RFC 9110 §8.8.3). */
export function etagOf({ epoch, version }: Stamp): string {
  return `"${epoch}.${version}"`;
}

/** One entity tag of ours; undefined for a list, a weak one, `*`, and anything else. */
export function parseEtag(text: string | null): Stamp | undefined {
  const [, epoch, version] = /^"(\d{1,15})\.(\d{1,15})"$/.exec(text ?? '') ?? [];
  return epoch === undefined || version === undefined
    ? undefined
    : { epoch: Number(epoch), version: Number(version) };
}

export function isSameStamp(one: Stamp, other: Stamp): boolean {
  return one.epoch === other.epoch && one.version === other.version;
}
