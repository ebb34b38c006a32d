/* helioctl alarm */
#include "ctl/alarm.h"
#include "ctl/client.h"
#include "ctl/output.h"
#include "ctl/registry.h"

static const struct ctl_column columns[] = {
    {"KIND", CTL_COLUMN_KEY},          {"OBJECT", CTL_COLUMN_KEY},
    {"SINCE", CTL_COLUMN_WHERE_GIVEN}, {"WHAT"},
    {"TO DO", CTL_COLUMN_WHERE_GIVEN},
};

static void fill(struct ctl *ctl, struct ctl_table *table, const void *message) {
    const Heliostat__V1__ListAlarmsResponse *response = message;
    for (size_t i = 0; i < response->n_alarms; i++) {
        const Heliostat__V1__Alarm *a = response->alarms[i];
        ctl_table_cell(table, "%s", a->kind);
        ctl_table_cell(table, "%s", *a->object ? a->object : a->pod);
        ctl_table_cell(table, "%s", a->since);
        ctl_table_cell(table, "%s", a->text);
        ctl_table_cell(table, "%s", a->what_to_do);
    }
}

int ctl_read_alarms(struct ctl *ctl, Heliostat__V1__ListAlarmsResponse **ret_response) {
    Heliostat__V1__ListAlarmsRequest request = HELIOSTAT__V1__LIST_ALARMS_REQUEST__INIT;
    return ctl_call(ctl, "AlarmService/ListAlarms", &request.base,
                    &heliostat__v1__list_alarms_response__descriptor, ret_response);
}

static int alarm_list(struct ctl *ctl) {
    static const struct ctl_view view = CTL_VIEW(columns, fill, "no alarms");
    Heliostat__V1__ListAlarmsResponse *response;
    int exit_status = ctl_read_alarms(ctl, &response);
    return exit_status ? exit_status : ctl_show(ctl, response, &view);
}

static const struct ctl_command commands[] = {
    {"list",
     "List what needs a person now, and what to do",
     NULL,
     {{0}},
     NULL,
     CTL_FLAGS_WATCH,
     NULL,
     alarm_list},
    {0},
};

const struct ctl_noun ctl_noun_alarm = {"alarm", "What needs a person now", commands};
