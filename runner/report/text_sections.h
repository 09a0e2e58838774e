// The sections of the text report, each empty where a run has nothing to say about it.
#pragma once

#include <string>

#include "report/text.h"

namespace rehang {

std::string processes_section(const RunReport& report, const TextStyle& style);
std::string why_section(const RunReport& report, const TextStyle& style);
std::string stacks_section(const RunReport& report, const TextStyle& style);
std::string order_section(const RunReport& report, const TextStyle& style);
std::string faults_section(const RunReport& report, const TextStyle& style);  // text_faults.cc
std::string fakes_section(const RunReport& report, const TextStyle& style);   // text_fakes.cc
std::string qmp_section(const RunReport& report, const TextStyle& style);     // text_qmp.cc
std::string unmet_section(const RunReport& report, const TextStyle& style);
std::string mismatch_section(const RunReport& report, const TextStyle& style);
std::string looking_section(const RunReport& report, const TextStyle& style);
std::string output_section(const RunReport& report, const TextStyle& style);

}  // namespace rehang
