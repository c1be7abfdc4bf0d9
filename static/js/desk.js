// unfold looks for its menu's scroll bar at SimpleBar (8 kB); here the browser scrolls.
window.SimpleBar = { instances: { get: function (part) { return { getScrollElement: function () { return part; } }; } } };

// A search field of Django's admin (select2) says what is chosen, and nothing before that: it is read out with its label.
addEventListener("load", function () {
  if (!window.django || !window.django.jQuery) return;
  window.django.jQuery(function () { // after what makes the field, which jQuery may call later than "load"
    document.querySelectorAll("select.admin-autocomplete").forEach(function (select) {
      var box = select.parentElement.querySelector(".select2-selection");
      var label = document.querySelector('label[for="' + select.id + '"]');
      if (!box || !label) return;
      var chosen = box.querySelector(".select2-selection__rendered");
      label.id = label.id || select.id + "_label";
      box.setAttribute("aria-labelledby", label.id + " " + chosen.id);
      chosen.setAttribute("aria-labelledby", label.id);
    });
  });
});
