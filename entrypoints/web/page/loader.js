// Fetching pages of a room, one at a time.

export class Loader {
  /** "older", "newer" or "jump", while a page is on its way. */
  loading = null;
  /** What went wrong last: `{kind, error}`. */
  failure = null;
  #fetchPage;
  #onChange;
  /** Raised when the window is replaced, so that a page for the old one is not put into the new one. */
  #generation = 0;

  constructor({ fetchPage, onChange }) {
    this.#fetchPage = fetchPage;
    this.#onChange = onChange;
  }

  /** What is on its way, and what failed, was for a window that is not there any more. */
  supersede() {
    this.#generation += 1;
    this.failure = null;
  }

  forgive() {
    this.failure = null;
  }

  /** Whether the page came and was applied. */
  async load(kind, query, apply) {
    if (this.loading || this.failure) return false;
    return this.#fetch({ kind, failsAs: kind }, query, apply);
  }

  /** A page that replaces the window, whatever is on its way. Raises POSITION_UNKNOWN where the place is not there. */
  async jump(query, apply, failsAs) {
    this.supersede();
    return this.#fetch({ kind: "jump", failsAs }, query, apply);
  }

  async #fetch({ kind, failsAs }, query, apply) {
    const generation = this.#generation;
    this.loading = kind;
    this.#onChange();
    try {
      const page = await this.#fetchPage(query);
      if (generation !== this.#generation) return false;
      apply(page);
      return true;
    } catch (error) {
      if (error.code === "POSITION_UNKNOWN" && kind === "jump") throw error;
      if (generation === this.#generation) this.failure = { kind: failsAs, error };
      return false;
    } finally {
      if (generation === this.#generation || this.loading === kind) this.loading = null;
      this.#onChange();
    }
  }
}
