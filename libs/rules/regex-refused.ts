/** Why a pattern is refused, and where in it (offset from 0). */
export class RegexRefused extends Error {
  override readonly name = 'RegexRefused';
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}
