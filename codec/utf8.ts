/**
 * How many octets the UTF-8 sequence has that begins at `i` with an octet
 * beyond ASCII: 0 if it is right as far as it goes but goes on behind `end`,
 * -1 if it is wrong, which includes overlong forms, surrogates and anything
 * above U+10FFFF (Unicode Standard, table 3-7).
 */
export function sequenceLength(
  bytes: Uint8Array,
  i: number,
  end: number,
): number {
  const lead = bytes[i]!;
  const length = lead < 0xc2
    ? -1
    : lead < 0xe0
    ? 2
    : lead < 0xf0
    ? 3
    : lead < 0xf5
    ? 4
    : -1;
  if (length < 0) return -1;
  for (let k = 1; k < length; k++) {
    if (i + k >= end) return 0;
    const octet = bytes[i + k]!;
    const least = k > 1
      ? 0x80
      : lead === 0xe0
      ? 0xa0
      : lead === 0xf0
      ? 0x90
      : 0x80;
    const most = k > 1
      ? 0xbf
      : lead === 0xed
      ? 0x9f
      : lead === 0xf4
      ? 0x8f
      : 0xbf;
    if (octet < least || octet > most) return -1;
  }
  return length;
}
