// Answers that were given already, so that a recommendation that is pointed at shows what it hangs on without a new question.
const MOST = 200;

export class Known {
  #answers = new Map();

  put(key, answer) {
    this.#answers.delete(key);
    this.#answers.set(key, answer);
    if (this.#answers.size > MOST) this.#answers.delete(this.#answers.keys().next().value); // the oldest
  }

  get(key) {
    return this.#answers.get(key);
  }
}
