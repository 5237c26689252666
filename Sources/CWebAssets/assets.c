#include "CWebAssets.h"

static const char api_js[] = {
#embed "page/api.js"
};
static const char button_js[] = {
#embed "page/button.js"
};
static const char callback_js[] = {
#embed "page/callback.js"
};
static const char chart_js[] = {
#embed "page/chart.js"
};
static const char components_css[] = {
#embed "page/components.css"
};
static const char console_css[] = {
#embed "page/console.css"
};
static const char dialog_js[] = {
#embed "page/dialog.js"
};
static const char dom_js[] = {
#embed "page/dom.js"
};
static const char drafts_js[] = {
#embed "page/drafts.js"
};
static const char editor_js[] = {
#embed "page/editor.js"
};
static const char examples_js[] = {
#embed "page/examples.js"
};
static const char field_js[] = {
#embed "page/field.js"
};
static const char format_js[] = {
#embed "page/format.js"
};
static const char index_html[] = {
#embed "page/index.html"
};
static const char keyboard_js[] = {
#embed "page/keyboard.js"
};
static const char log_js[] = {
#embed "page/log.js"
};
static const char login_js[] = {
#embed "page/login.js"
};
static const char main_js[] = {
#embed "page/main.js"
};
static const char markdown_js[] = {
#embed "page/markdown.js"
};
static const char panel_js[] = {
#embed "page/panel.js"
};
static const char problem_js[] = {
#embed "page/problem.js"
};
static const char router_js[] = {
#embed "page/router.js"
};
static const char session_js[] = {
#embed "page/session.js"
};
static const char signal_js[] = {
#embed "page/signal.js"
};
static const char sparkline_js[] = {
#embed "page/sparkline.js"
};
static const char state_js[] = {
#embed "page/state.js"
};
static const char stream_js[] = {
#embed "page/stream.js"
};
static const char tabs_js[] = {
#embed "page/tabs.js"
};
static const char text_js[] = {
#embed "page/text.js"
};
static const char views_charts_js[] = {
#embed "page/views/charts.js"
};
static const char views_docs_schema_js[] = {
#embed "page/views/docs-schema.js"
};
static const char views_docs_try_js[] = {
#embed "page/views/docs-try.js"
};
static const char views_docs_js[] = {
#embed "page/views/docs.js"
};
static const char views_edit_code_js[] = {
#embed "page/views/edit-code.js"
};
static const char views_edit_diff_js[] = {
#embed "page/views/edit-diff.js"
};
static const char views_edit_draft_js[] = {
#embed "page/views/edit-draft.js"
};
static const char views_edit_form_js[] = {
#embed "page/views/edit-form.js"
};
static const char views_edit_json_js[] = {
#embed "page/views/edit-json.js"
};
static const char views_edit_manifest_js[] = {
#embed "page/views/edit-manifest.js"
};
static const char views_edit_rows_js[] = {
#embed "page/views/edit-rows.js"
};
static const char views_edit_save_js[] = {
#embed "page/views/edit-save.js"
};
static const char views_edit_js[] = {
#embed "page/views/edit.js"
};
static const char views_events_js[] = {
#embed "page/views/events.js"
};
static const char views_function_js[] = {
#embed "page/views/function.js"
};
static const char views_functions_empty_js[] = {
#embed "page/views/functions-empty.js"
};
static const char views_functions_table_js[] = {
#embed "page/views/functions-table.js"
};
static const char views_functions_js[] = {
#embed "page/views/functions.js"
};
static const char views_invoke_answer_js[] = {
#embed "page/views/invoke-answer.js"
};
static const char views_invoke_js[] = {
#embed "page/views/invoke.js"
};
static const char views_login_js[] = {
#embed "page/views/login.js"
};
static const char views_logs_js[] = {
#embed "page/views/logs.js"
};
static const char views_overview_js[] = {
#embed "page/views/overview.js"
};
static const char views_platform_access_js[] = {
#embed "page/views/platform-access.js"
};
static const char views_platform_settings_js[] = {
#embed "page/views/platform-settings.js"
};
static const char views_platform_js[] = {
#embed "page/views/platform.js"
};
static const char views_source_line_js[] = {
#embed "page/views/source-line.js"
};
static const char views_test_events_js[] = {
#embed "page/views/test-events.js"
};
static const char views_why_js[] = {
#embed "page/views/why.js"
};
static const char access_recipes_md[] = {
#embed "../../docs/guide/access-recipes.md"
};
static const char access_md[] = {
#embed "../../docs/guide/access.md"
};
static const char command_line_md[] = {
#embed "../../docs/guide/command-line.md"
};
static const char console_md[] = {
#embed "../../docs/guide/console.md"
};
static const char errors_md[] = {
#embed "../../docs/guide/errors.md"
};
static const char frameworks_md[] = {
#embed "../../docs/guide/frameworks.md"
};
static const char functions_md[] = {
#embed "../../docs/guide/functions.md"
};
static const char kubernetes_md[] = {
#embed "../../docs/guide/kubernetes.md"
};
static const char rest_md[] = {
#embed "../../docs/guide/rest.md"
};
static const char settings_md[] = {
#embed "../../docs/guide/settings.md"
};
static const char source_md[] = {
#embed "../../docs/guide/source.md"
};

static const struct f2s_web_asset assets[] = {
    {"api.js", api_js, sizeof(api_js)},
    {"button.js", button_js, sizeof(button_js)},
    {"callback.js", callback_js, sizeof(callback_js)},
    {"chart.js", chart_js, sizeof(chart_js)},
    {"components.css", components_css, sizeof(components_css)},
    {"console.css", console_css, sizeof(console_css)},
    {"dialog.js", dialog_js, sizeof(dialog_js)},
    {"dom.js", dom_js, sizeof(dom_js)},
    {"drafts.js", drafts_js, sizeof(drafts_js)},
    {"editor.js", editor_js, sizeof(editor_js)},
    {"examples.js", examples_js, sizeof(examples_js)},
    {"field.js", field_js, sizeof(field_js)},
    {"format.js", format_js, sizeof(format_js)},
    {"index.html", index_html, sizeof(index_html)},
    {"keyboard.js", keyboard_js, sizeof(keyboard_js)},
    {"log.js", log_js, sizeof(log_js)},
    {"login.js", login_js, sizeof(login_js)},
    {"main.js", main_js, sizeof(main_js)},
    {"markdown.js", markdown_js, sizeof(markdown_js)},
    {"panel.js", panel_js, sizeof(panel_js)},
    {"problem.js", problem_js, sizeof(problem_js)},
    {"router.js", router_js, sizeof(router_js)},
    {"session.js", session_js, sizeof(session_js)},
    {"signal.js", signal_js, sizeof(signal_js)},
    {"sparkline.js", sparkline_js, sizeof(sparkline_js)},
    {"state.js", state_js, sizeof(state_js)},
    {"stream.js", stream_js, sizeof(stream_js)},
    {"tabs.js", tabs_js, sizeof(tabs_js)},
    {"text.js", text_js, sizeof(text_js)},
    {"views/charts.js", views_charts_js, sizeof(views_charts_js)},
    {"views/docs-schema.js", views_docs_schema_js, sizeof(views_docs_schema_js)},
    {"views/docs-try.js", views_docs_try_js, sizeof(views_docs_try_js)},
    {"views/docs.js", views_docs_js, sizeof(views_docs_js)},
    {"views/edit-code.js", views_edit_code_js, sizeof(views_edit_code_js)},
    {"views/edit-diff.js", views_edit_diff_js, sizeof(views_edit_diff_js)},
    {"views/edit-draft.js", views_edit_draft_js, sizeof(views_edit_draft_js)},
    {"views/edit-form.js", views_edit_form_js, sizeof(views_edit_form_js)},
    {"views/edit-json.js", views_edit_json_js, sizeof(views_edit_json_js)},
    {"views/edit-manifest.js", views_edit_manifest_js, sizeof(views_edit_manifest_js)},
    {"views/edit-rows.js", views_edit_rows_js, sizeof(views_edit_rows_js)},
    {"views/edit-save.js", views_edit_save_js, sizeof(views_edit_save_js)},
    {"views/edit.js", views_edit_js, sizeof(views_edit_js)},
    {"views/events.js", views_events_js, sizeof(views_events_js)},
    {"views/function.js", views_function_js, sizeof(views_function_js)},
    {"views/functions-empty.js", views_functions_empty_js, sizeof(views_functions_empty_js)},
    {"views/functions-table.js", views_functions_table_js, sizeof(views_functions_table_js)},
    {"views/functions.js", views_functions_js, sizeof(views_functions_js)},
    {"views/invoke-answer.js", views_invoke_answer_js, sizeof(views_invoke_answer_js)},
    {"views/invoke.js", views_invoke_js, sizeof(views_invoke_js)},
    {"views/login.js", views_login_js, sizeof(views_login_js)},
    {"views/logs.js", views_logs_js, sizeof(views_logs_js)},
    {"views/overview.js", views_overview_js, sizeof(views_overview_js)},
    {"views/platform-access.js", views_platform_access_js, sizeof(views_platform_access_js)},
    {"views/platform-settings.js", views_platform_settings_js, sizeof(views_platform_settings_js)},
    {"views/platform.js", views_platform_js, sizeof(views_platform_js)},
    {"views/source-line.js", views_source_line_js, sizeof(views_source_line_js)},
    {"views/test-events.js", views_test_events_js, sizeof(views_test_events_js)},
    {"views/why.js", views_why_js, sizeof(views_why_js)},
    {"access-recipes.md", access_recipes_md, sizeof(access_recipes_md)},
    {"access.md", access_md, sizeof(access_md)},
    {"command-line.md", command_line_md, sizeof(command_line_md)},
    {"console.md", console_md, sizeof(console_md)},
    {"errors.md", errors_md, sizeof(errors_md)},
    {"frameworks.md", frameworks_md, sizeof(frameworks_md)},
    {"functions.md", functions_md, sizeof(functions_md)},
    {"kubernetes.md", kubernetes_md, sizeof(kubernetes_md)},
    {"rest.md", rest_md, sizeof(rest_md)},
    {"settings.md", settings_md, sizeof(settings_md)},
    {"source.md", source_md, sizeof(source_md)},
};

const struct f2s_web_asset *f2s_web_assets(size_t *count) {
    *count = sizeof(assets) / sizeof(assets[0]);
    return assets;
}
