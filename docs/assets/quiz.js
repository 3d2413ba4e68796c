// What mkdocs-quiz lacks: a verdict with all explanations, the pass mark, a live region, and results that
// belong to these questions. It listens to the plugin's event and changes nothing of how answers count.
(() => {
  const key = "quiz_progress_" + location.pathname;
  const versionKey = key + "_version";

  // Runs before the plugin restores results: those of other questions are dropped.
  const forgetOtherQuestions = (version) => {
    try {
      if (localStorage.getItem(versionKey) === version) return;
      localStorage.removeItem(key);
      localStorage.setItem(versionKey, version);
    } catch {
      // Storage is off: the check works all the same, until the page is left.
    }
  };

  const showQuestion = (quiz) => {
    const answered = quiz.querySelector("[type=submit]").disabled;
    quiz.querySelectorAll(".answer-feedback").forEach((why) => why.classList.toggle("hidden", !answered));
    if (!answered) return;
    const options = [...quiz.querySelectorAll("fieldset > div")];
    const right = options.findIndex((option) => option.querySelector("[data-correct]"));
    const verdict = quiz.querySelector(".wrong") ? `Wrong. The right answer is ${"ABCDEFGH"[right]}.` : "Right.";
    quiz.querySelector(".quiz-feedback").textContent = verdict;
  };

  const summary = ({ answered, correct, total }, needed) => {
    const count = `${correct} of ${total} right`;
    if (answered < total) return `${answered} of ${total} answered, ${correct} right. ${needed} right are a pass.`;
    if (correct >= needed) return `Passed: ${count}.`;
    return `Not passed: ${count}, ${needed} needed. Read the explanations, then reset and try again.`;
  };

  const show = (progress) => {
    const result = document.querySelector(".quiz-result");
    if (!result) return;
    document.querySelectorAll(".quiz").forEach(showQuestion);
    result.textContent = summary(progress, Number(result.dataset.needed));
    result.dataset.outcome = progress.answered < progress.total ? "open" : result.textContent.split(":")[0];
  };

  const result = document.querySelector(".quiz-result");
  if (result) forgetOtherQuestions(result.dataset.version);
  // The event comes while the plugin is still at work on the page, so what it did is read right after.
  addEventListener("quizProgressUpdate", ({ detail }) => queueMicrotask(() => show(detail)));
})();
