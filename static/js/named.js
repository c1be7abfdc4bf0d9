// A search field of Django's admin (select2) says what is chosen, and nothing before that: it is read out with its label.
addEventListener("load", function () {
  document.querySelectorAll("select.admin-autocomplete").forEach(function (select) {
    var box = select.parentElement.querySelector(".select2-selection");
    var label = document.querySelector('label[for="' + select.id + '"]');
    if (!box || !label) return;
    label.id = label.id || select.id + "_label";
    box.setAttribute("aria-labelledby", label.id + " " + box.querySelector(".select2-selection__rendered").id);
  });
});
