// What the browser keeps for the page, or the page's own memory where it keeps nothing (a private window, a sandbox).

class Kept {
  #memory = new Map();
  #area;

  /** `area()` gives a `Storage`, or throws where there is none. */
  constructor(area) {
    this.#area = area;
  }

  get(key) {
    try {
      return this.#area().getItem(key) ?? this.#memory.get(key) ?? null;
    } catch {
      return this.#memory.get(key) ?? null;
    }
  }

  set(key, value) {
    this.#memory.set(key, value);
    try {
      this.#area().setItem(key, value);
    } catch {
      // Kept for as long as the page is open.
    }
  }

  /** Null where nothing is kept, or something that cannot be read. */
  getJson(key) {
    try {
      return JSON.parse(this.get(key));
    } catch {
      return null;
    }
  }

  setJson(key, value) {
    this.set(key, JSON.stringify(value));
  }
}

/** Of all windows of this browser. */
export const storage = new Kept(() => localStorage);
/** Of this window alone; it survives a reload. */
export const windowStorage = new Kept(() => sessionStorage);
